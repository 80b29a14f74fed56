"""The commands `auditor rules ...`."""
