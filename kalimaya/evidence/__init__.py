"""`kalimaya evidence`: what became of one village, in one file that proves itself without Kafka or PostgreSQL.

The file carries the event logs as their hash chains need them, and what follows from them for the village (ADR 0013).
"""
