"""`python -m services.deployment.watch`: the watch of deployment as a process."""

from services.deployment.watch.settings import DeploymentWatchSettings
from services.deployment.watch.watch import DEPLOYMENT_WATCH
from services.watch.app import run_watch

if __name__ == "__main__":
    run_watch(DEPLOYMENT_WATCH, DeploymentWatchSettings)
