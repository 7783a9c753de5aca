"""`python -m services.deployment`: the deployment service as a process."""

from services.deployment.domain import DEPLOYMENT
from services.kit.deciding import run_decider

if __name__ == "__main__":
    run_decider(DEPLOYMENT)
