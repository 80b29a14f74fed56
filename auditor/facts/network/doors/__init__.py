"""Ways from the internet to a machine, one module a kind."""
