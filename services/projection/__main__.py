"""`python -m services.projection`: the projection as a process."""

from services.kit.process import run
from services.projection.main import main

if __name__ == "__main__":
    run(main)
