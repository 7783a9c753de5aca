"""How a process of ours begins and ends."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable

import structlog
import uvloop
from pydantic import ValidationError

from services.kit import logs
from services.kit.settings import KitSettings

CLEANUP_SECONDS = 20.0
"""How long `main` may take to let go after a signal, before we leave anyway."""

log = structlog.get_logger(__name__)


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Run `main` until it ends or SIGTERM or SIGINT comes; exit code 0 on a signal, 1 if it crashed."""
    try:
        begin(KitSettings())
    except ValidationError as error:
        sys.exit(told_settings(error))
    sys.exit(uvloop.run(_supervise(main)))


def tune_collector() -> None:
    """Let the garbage collector look rarely: whoever folds logs makes millions of small objects, nearly none in cycles.

    What stands already is frozen, so that it is not walked again and again (bench/ledger.py shows what that brings).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def begin(settings: KitSettings) -> None:
    """Log from here on, and first what somebody should know who may have forgotten it."""
    logs.configure(settings.log_level)
    if settings.access.exposed:
        log.warning("Kafka is reached in plaintext, beyond this machine (docs/security.md)", kafka=settings.kafka)


async def _supervise(main: Callable[[], Awaitable[None]]) -> int:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, told.set)
    working = asyncio.ensure_future(main())
    waiting = asyncio.ensure_future(told.wait())
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if working.done():
        return 1 if _crashed(working) else 0
    working.cancel()
    _, late = await asyncio.wait({working}, timeout=CLEANUP_SECONDS)
    if late:
        log.error("did not let go in time", seconds=CLEANUP_SECONDS)
        os._exit(0)  # the loop's own ending would wait for `main` without a bound
    if not working.cancelled():
        _crashed(working)
    return 0


def _crashed(working: "asyncio.Future[None]") -> bool:
    """Whether `main` ended by an error, which is logged."""
    try:
        working.result()
    except ValidationError as error:
        log.critical(told_settings(error))
    except (Exception, asyncio.CancelledError) as error:  # whatever it was, the log shows it and the exit code tells
        log.critical("crashed", exc_info=error)
    else:
        return False
    return True


def told_settings(error: ValidationError) -> str:
    """What is wrong with the settings, in the words of whoever set them."""
    wrong = (f"{_variable(each['loc'])}{each['msg'].removeprefix('Value error, ')}" for each in error.errors())
    return f"{'; '.join(wrong)} (settings are environment variables)"


def _variable(loc: tuple[int | str, ...]) -> str:
    """What is named before the message; what concerns several settings names them itself."""
    return f"KALIMAYA_{'_'.join(map(str, loc)).upper()}: " if loc else ""
