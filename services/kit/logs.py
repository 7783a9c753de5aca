"""Structured logs: one JSON object a line on standard error, so that a message's id can be followed everywhere."""

import logging
import sys
from collections import Counter
from time import monotonic

import structlog

QUIET_SECONDS = 10.0
"""How long a library does not repeat itself: while Kafka is away aiokafka says so 500 times a second and process."""


class Repetition(logging.Filter):
    """Lets a library say one thing once in QUIET_SECONDS, and then how often it has said it since."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}
        self._held_back: Counter[tuple[str, str]] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log this record; what differs in its arguments only is the same thing."""
        what = (record.name, str(record.msg))
        now = monotonic()
        if now - self._said.get(what, -QUIET_SECONDS) < QUIET_SECONDS:
            self._held_back[what] += 1
            return False
        self._said[what] = now
        if held_back := self._held_back.pop(what, 0):
            record.msg = f"{record.msg} (and {held_back} times more before)"
        return True


def configure(level: str) -> None:
    """Send structlog and the standard library's logging (aiokafka, uvicorn) the same way."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    # At the handler, for a logger's filter does not see what the loggers below it say.
    repetition = Repetition()
    handler.addFilter(lambda record: not record.name.startswith("aiokafka") or repetition.filter(record))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("uvicorn.access").disabled = True
    for chatty in ("aiokafka", "kafka", "asyncio", "uvicorn", "faust", "mode", "httpx"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
