"""What at least two services need: contracts, messaging, database, clock, security. It knows no service."""
