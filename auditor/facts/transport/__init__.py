"""Encryption in transit: what services take and ask for, how clients connect, and the way of a request hop by hop."""
