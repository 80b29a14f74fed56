"""The snapshot: its file, what writes and reads it, merging, queries, and exports as sources."""
