"""What must be computed over several resources before a rule can ask for it."""
