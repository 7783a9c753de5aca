"""The contract: every message, event and place that leaves or enters Kalimaya, defined once.

Nothing here knows a service, Kafka, HTTP or a clock; everything else may import this package.
"""
