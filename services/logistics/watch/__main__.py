"""`python -m services.logistics.watch`: the watch of logistics as a process."""

from services.logistics.watch.settings import LogisticsWatchSettings
from services.logistics.watch.watch import LOGISTICS_WATCH
from services.watch.app import run_watch

if __name__ == "__main__":
    run_watch(LOGISTICS_WATCH, LogisticsWatchSettings)
