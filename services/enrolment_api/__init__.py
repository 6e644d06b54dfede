"""Recording of citizens and forwarding to the centre: the office never waits for the centre."""
