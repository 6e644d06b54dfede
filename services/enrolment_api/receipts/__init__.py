"""What the citizen carries home, and the honest answer behind its code."""
