"""Failures on command, done at the socket."""
