"""The command `auditor query`."""
