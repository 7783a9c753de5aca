"""A real Apache Kafka and a real PostgreSQL as plain child processes, with no container engine.

Why a pair of our own and what it costs: docs/adr/0003-embedded-pair.md.
"""
