"""A rolling upgrade tried on a live system: `make prove-upgrade`, and a short one in tests/e2e/test_upgrade.py.

Two releases run as processes of their own from folders of their own (`release.py`): **this** one, the tree as it is,
and the **next** one, a copy of it with a few words edited, which reads and writes version 2 of a report that units send
all the time. It is this way round because a next release is this tree and a bit more; the one before would have to
lose what much of the code uses by now.

Load comes through the gateways all the time (`traffic.py`), to every partition of every service, four messages a second
each, and the read model is watched for when each is in it. Meanwhile (`steps.py`) processes of the next release are
started beside those of this one, which then end; and back; and forward again; then the gateway takes the new version
in; and last somebody goes back though it is too late.
"""
