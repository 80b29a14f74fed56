"""Attack paths: a typed graph over facts that are proven elsewhere, and the ways through it to what matters."""
