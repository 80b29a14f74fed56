"""From which networks each service with a public endpoint can be reached."""
