"""The ledger, the deciders and the projector under a seed: time is virtual, and all that happens follows from the seed.

`python -m tests.simulation` runs many seeds, replays one, or shows which planted bugs it finds; docs/simulation.md says
what it injects and what it leaves out.
"""
