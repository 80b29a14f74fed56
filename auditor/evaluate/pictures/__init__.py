"""Pictures of an inventory: graphs as values, which reports and commands draw."""
