"""The centre as the offices know it: its API faithfully, its failures on command."""
