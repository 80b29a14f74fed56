"""The command `auditor keys`."""
