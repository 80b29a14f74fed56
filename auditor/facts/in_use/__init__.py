"""How data is protected while it is processed: what machines start, who reads their memory, who may look inside."""
