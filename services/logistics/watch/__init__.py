"""What logistics watches: legs and their escorts, custody, seals, readiness, and the way back of the boxes.

Each rule is a pure function, as services/watch/rules.py says; its words are in schemas/watched/logistics.py. A rule
says nothing of a shipment that nobody planned, save where a handover or a seal itself is amiss.
"""
