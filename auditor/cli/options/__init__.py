"""What every command shares of options: their declarations, and what is chosen with them."""
