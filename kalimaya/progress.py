"""The bar that long work shows on a terminal, and on nothing else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn

Tell = Callable[[str, int, int], None]
"""What is done now, how much of it is done, and how much there is; 0 for not known yet."""


@contextmanager
def progress(console: Console, *columns: ProgressColumn) -> Iterator[Tell]:
    """Show a bar while the work within goes on; `columns` stand behind it."""
    shown = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *columns)
    with Progress(*shown, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("connecting", total=None)
        yield lambda doing, done, total: bar.update(task, description=doing, completed=done, total=total or None)
