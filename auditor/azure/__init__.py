"""Credentials, clouds, the HTTP pipeline and collectors: the only room with SDKs and sockets."""
