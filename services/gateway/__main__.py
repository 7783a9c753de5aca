"""`python -m services.gateway`: the gateway as a process."""

from services.gateway.main import main
from services.kit.process import run

if __name__ == "__main__":
    run(main)
