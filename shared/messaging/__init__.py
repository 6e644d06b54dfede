"""Everything that speaks to RabbitMQ."""
