"""`python -m services.incidents.watch`: the watch of incidents as a process."""

from services.incidents.watch.settings import IncidentsWatchSettings
from services.incidents.watch.watch import INCIDENTS_WATCH
from services.watch.app import run_watch

if __name__ == "__main__":
    run_watch(INCIDENTS_WATCH, IncidentsWatchSettings)
