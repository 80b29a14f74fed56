"""How apps sign their users in, and where their sessions live."""
