"""Which requests a fault acts on, how often, for how long, and who wanted it."""
