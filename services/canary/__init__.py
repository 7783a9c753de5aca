"""The canary: sends a message a minute to each service and measures when the picture has what became of it.

It uses the two doors as an agency does and knows nothing else. Why its messages do no harm: docs/adr/0016-canary.md.
"""
