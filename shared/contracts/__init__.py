"""What the services promise each other: the event envelope, each event's data, the centre's wire format."""
