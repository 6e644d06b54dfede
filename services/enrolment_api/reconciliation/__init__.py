"""Reconciliation: an office's day held against the centre's, record by record, and what follows from it."""
