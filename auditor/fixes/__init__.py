"""Fixes before they are made: what they change, who depends on what they change, and the world as it would be."""
