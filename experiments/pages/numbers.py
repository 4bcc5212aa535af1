"""How values look on a page; metrics look as they do on scoreboards."""

import json
from typing import Any, Final

from experiments.scoreboard import number

NOTHING: Final = "–"


def count(value: int | None) -> str:
    """Write a whole number."""
    return NOTHING if value is None else f"{value:,}"


def decimal(value: float | None) -> str:
    """Write a number with about four digits."""
    return NOTHING if value is None else number(value)


def percent(value: float | None) -> str:
    """Write a share."""
    return NOTHING if value is None else f"{100 * value:.1f} %"


def exact(value: Any) -> str:
    """Write a parameter as it was said."""
    if value is None:
        return NOTHING
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
