"""Output formats, each a pure function of one `Report`."""
