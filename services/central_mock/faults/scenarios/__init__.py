"""Timelines of faults: an outage as it was, played by the clock, so that nobody has to sit beside it."""
