"""What was measured, for the README."""

from typing import Any, Final

from experiments.markdown import table

BAR: Final = 0.85
"""Of the bare loop's rows a second that a batch must give at least."""


def markdown(found: dict[str, Any]) -> str:
    """Give the README's lines: a row a way."""
    header = ["way", "rows a second", "of the bare loop", "CPU", "of the bare loop", "peak memory"]
    lines = [_line(name, way) for name, way in found["ways"].items()]
    runs, apart = len(found["ways"]["bare loop"]["runs"]), max(found["apart"].values())
    load = f"the machine's load was {found['load']['before']:.1f} before"
    told = f"The best of {runs} runs each; scores differ by {apart:g} from the bare loop's; {load}"
    return f"{table(header, lines)}\n\n{told}. {_judged(found)}"


def _line(name: str, way: dict[str, Any]) -> list[str]:
    return [
        name,
        f"{way['rows_a_s']:,}",
        f"{way['of_bare']:.2f}×",
        f"{way['cpu_s']:.0f} s",
        f"{way['of_bare_by_cpu']:.2f}×",
        f"{way['peak_mb'] / 1000:.1f} GB",
    ]


def _judged(found: dict[str, Any]) -> str:
    """Say what of Augury's ways meets the bar."""
    ours = {name: way["of_bare"] for name, way in found["ways"].items() if name in found["apart"]}
    missed = [f"{name} {value:.2f}" for name, value in ours.items() if value < BAR]
    return f"At least {BAR:g} of the bare loop: {'missed by ' + ', '.join(missed) if missed else 'met by all'}"
