"""The parts of the table, from its heading to its last line."""
