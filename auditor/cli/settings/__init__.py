"""What every command shares of settings: configuration files, known words, completion."""
