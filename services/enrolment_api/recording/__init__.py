"""A citizen's record from the draft to the promise: BIO_CAPTURED is durable on this office's disk."""
