"""What deployment watches: whether posts have their strength, units come and stay, are heard, and patrols go round.

Each rule is a pure function of tables, time and parameters; `watch.py` names them all. It knows no decider.
"""
