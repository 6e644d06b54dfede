"""The three services and the `ektp` command line."""
