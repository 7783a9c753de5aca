"""`kalimaya agencies apply`: who gets in to Kafka, what each may do there and how much, by agencies.yaml.

Nothing here starts with the services: it is run by the operator who may administer Kafka (docs/security.md).
"""
