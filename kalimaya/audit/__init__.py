"""`kalimaya audit`: proves from the logs themselves that nothing was lost, doubled or misreported.

It shares no code with what it checks: it reads with another client and parses records by the documented format.
"""
