"""`kalimaya copy` (R12): what counts in the logs of one cluster, written anew into another, whatever its partitions.

docs/adr/0014-copy.md says what a copy keeps and what it cannot.
"""
