"""The residents whose biodata the offices cache."""
