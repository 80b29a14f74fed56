"""What every command shares of the terminal: streams, messages, progress, logs."""
