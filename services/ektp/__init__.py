"""The command line of the people who run the trio: set-up, supervisor, tokens, status, outages on command."""
