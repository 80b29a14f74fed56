"""The commands `auditor network ...`."""
