"""The uniqueness check and its results."""
