"""Resources, references between them, snapshots, and what could not be read."""
