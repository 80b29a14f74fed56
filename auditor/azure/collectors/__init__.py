"""One collector a source, and the table of what each resource type costs to read."""
