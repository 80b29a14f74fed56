"""Effective network security: what may reach what, after every rule that applies."""
