"""Faults of meaning: what the centre says and what it did part ways. The centre asks here at one line each."""
