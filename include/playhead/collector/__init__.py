"""HTTP in, Kafka out, answered only after the broker's acknowledgement."""
