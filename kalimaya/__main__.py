"""`python -m kalimaya`, for an environment where the `kalimaya` command is not on the path."""

from kalimaya.cli import app

app()
