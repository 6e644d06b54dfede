"""Signing in with local accounts: getting a token never needs the centre."""
