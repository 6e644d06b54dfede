"""The harness itself: each fault is seen from outside before a test relies on it."""
