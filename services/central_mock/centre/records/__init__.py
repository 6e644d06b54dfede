"""Records that offices send, and the receipts for them."""
