"""The contract in other forms, each a pure function of the catalogue: JSON Schema, AsyncAPI, the readable page.

Nothing here writes files or knows a service; `kalimaya.contracts` does, and writes all forms at once.
"""
