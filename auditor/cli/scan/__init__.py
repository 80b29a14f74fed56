"""The command `auditor scan`."""
