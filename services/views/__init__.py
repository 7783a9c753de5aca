"""The views: facts folded into the present state of units, posts, shipments and incidents.

The projection shows them and the watches judge by them, so that an alert and the picture cannot disagree on what is so.
Pure, and a fold of the logs alone: any arrival order of the same reports gives the same state. Each kind has a module
with its state (the facts that count), `fold` (one more fact) and `document` (what is shown: the facts and all that
follows from them; it can be read back as the state).
"""
