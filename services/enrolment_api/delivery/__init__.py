"""Delivery: what was recorded here is forwarded to the centre until the centre's receipt is here."""
