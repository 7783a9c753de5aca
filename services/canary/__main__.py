"""`python -m services.canary`: the canary as a process."""

from services.canary.main import main
from services.kit.process import run

if __name__ == "__main__":
    run(main)
