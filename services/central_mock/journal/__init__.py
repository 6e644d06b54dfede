"""What came in, what was done, what was answered, and what clients believe of it."""
