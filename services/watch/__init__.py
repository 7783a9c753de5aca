"""What the three watches share: they follow the event logs, look at their rules tick by tick, and keep alerts in line.

A watch keeps no truth (docs/adr/0002, 0008): its tables are a fold of the logs, and what it sends is the difference
between the alerts that should stand and those that do. It may die, come twice or miss a tick; its next look puts that
right. It knows the views, and none of the rules: those are each service's own, in `services/<name>/watch`.
"""
