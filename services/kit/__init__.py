"""What every service shares, and nothing of any domain: the ledger, Kafka clients, clock, metrics, HTTP problems."""
