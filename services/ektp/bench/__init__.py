"""`make bench`: speed and memory as ratios, each against its yardstick measured in the same run."""
