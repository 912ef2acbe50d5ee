"""Events before Kafka: simulator, producer, ledger, CMCD mapping. No Spark."""
