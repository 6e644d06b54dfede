"""`ektp central`: the centre that fails on command, from a terminal. One module for what belongs together."""
