"""Scenarios: whole operations as messages, made by a seed, and the player that sends them as their sources would."""
