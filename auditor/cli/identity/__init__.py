"""The commands `auditor identity ...`."""
