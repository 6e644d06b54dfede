"""Replays an office's day, as a newspaper reported it, against the running trio as its clients do."""
