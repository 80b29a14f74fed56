"""Customer-managed keys: where they stand, who may use them, what breaks the chain."""
