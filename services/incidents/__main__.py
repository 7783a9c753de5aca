"""`python -m services.incidents`: the incidents service as a process."""

from services.incidents.domain import INCIDENTS
from services.kit.deciding import run_decider

if __name__ == "__main__":
    run_decider(INCIDENTS)
