"""What a secret looks like, where one can stand, and what is kept of it."""
