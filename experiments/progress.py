"""A progress bar that names what is being done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@contextmanager
def steps(title: str, total: int, *, console: Console | None = None) -> Iterator[Callable[[str], None]]:
    """Show a bar of so many steps; call what is given with the name of each step as it begins."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console or Console(stderr=True),
    )
    with bar:
        task = bar.add_task(title, total=total)
        begun = False

        def step(name: str) -> None:
            nonlocal begun
            bar.update(task, advance=int(begun), description=f"{title}: {name}")
            begun = True

        yield step
        bar.update(task, completed=total, description=title)
