"""What a bare machine needs before the trio can start; each step does nothing when its work is done already."""
