"""Starts the trio and keeps it running: a private broker node, three services, one foreground process above."""
