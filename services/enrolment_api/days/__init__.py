"""An office's day in figures."""
