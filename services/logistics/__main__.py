"""`python -m services.logistics`: the logistics service as a process."""

from services.kit.deciding import run_decider
from services.logistics.domain import LOGISTICS

if __name__ == "__main__":
    run_decider(LOGISTICS)
