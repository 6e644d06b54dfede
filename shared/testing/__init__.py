"""The test harness: real brokers, databases and processes, for any test runner."""
