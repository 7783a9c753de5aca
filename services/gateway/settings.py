"""Settings of the gateway."""

from pathlib import Path

from services.kit.settings import KitSettings


class GatewaySettings(KitSettings):
    """Read from environment variables KALIMAYA_<NAME>."""

    http_port: int = 8001
    """Port of POST /v1/messages."""

    agencies: Path
    """File that says who may speak for what (agencies.yaml); no default, authority is never implied."""

    tokens: Path
    """File with the token of each principal; no default, because there are no default secrets."""

    picture_url: str = "http://127.0.0.1:8000"
    """Where the projection answers, for the Location of an outcome."""

    data: Path | None = None
    """Folder of Kafka's and PostgreSQL's data, if they are on this machine: the metrics then tell how full its disk is.
    In a cluster their own exporters do."""

    longest_wait: float = 30.0
    """Most seconds that `Prefer: wait` may hold a request; beyond that clients should poll the Location."""

    largest_body: int = 1_048_576
    """Bytes; a message is about 500, so this is room for a batch of 1,000 and no more."""

    largest_batch: int = 1_000
    """Messages in one batch; larger ones hold others up."""

    most_held: int = 16_777_216
    """Bytes of bodies that are read or not acknowledged yet, all callers together; beyond that they come back later.
    60,000 reports; parsed, judged and on their way they take some eighteen times that in memory."""

    most_waiting: int = 4_194_304
    """Of these, bytes of bodies that wait for the same partition; beyond that it takes no more. A quarter of
    `most_held`, so that one partition that does not acknowledge cannot use up the room of all others."""

    held_back: frozenset[str] = frozenset()
    """Versions (`dataschema`) known here but not taken in yet, as a JSON list: a new version of a message is read by
    all in one release, and written in the next by emptying this."""
