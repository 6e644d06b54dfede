"""`ektp central watch`: the console as it is now, on one screen."""
