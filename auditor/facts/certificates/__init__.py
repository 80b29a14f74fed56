"""Certificates: when they end, who renews them, what they are worth, wherever a service holds one."""
