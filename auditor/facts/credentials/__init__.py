"""Keys, passwords and signatures that consumers keep: what each opens, and the better step that exists for it."""
