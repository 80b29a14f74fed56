"""The command `auditor doctor`."""
