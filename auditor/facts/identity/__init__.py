"""Who may do what: permissions computed from role definitions, and what they lead to."""
