"""A progress bar that names what is being done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


@contextmanager
def steps(title: str, total: int, *, console: Console | None = None) -> Iterator[Callable[[str], None]]:
    """Show a bar of so many steps; call what is given with the name of each step as it begins."""
    with _bar(console) as bar:
        task = bar.add_task(title, total=total)
        begun = False

        def step(name: str) -> None:
            nonlocal begun
            bar.update(task, advance=int(begun), description=f"{title}: {name}")
            begun = True

        yield step
        bar.update(task, completed=total, description=title)


@contextmanager
def rows(title: str, *, console: Console | None = None) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar of rows; call what is given with what is being done, the rows done, and how many there are.

    While their number is not known, 0, it only shows that something goes on.
    """
    with _bar(console, TimeRemainingColumn()) as bar:
        task = bar.add_task(title, total=None)

        def told(what: str, done: int, of: int) -> None:
            bar.update(task, completed=done, total=of or None, description=f"{title}: {what}")

        yield told
        bar.update(task, description=title)


def _bar(console: Console | None, *more: ProgressColumn) -> Progress:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, *more, console=console or Console(stderr=True))
