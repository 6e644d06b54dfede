"""The line of an office: numbers, calls, outages and the day, kept whatever is down around it."""
