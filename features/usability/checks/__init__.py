"""The checks, one file a topic: those of single rows and columns, and those that look at whole tables."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from configs.registry import Registry, import_folder
from features.usability.evidence import Evidence
from features.usability.fault import Fault
from features.usability.sheet import Sheet

RowCheck = Callable[[Sheet], Iterator[Fault]]
WholeCheck = Callable[[Evidence], Iterator[Fault]]

ROW_CHECKS: Registry[RowCheck] = Registry("check of rows")
"""They are asked of every table before anything is counted, and say conditions only: one scan counts them all."""
WHOLE_CHECKS: Registry[WholeCheck] = Registry("check of tables")
"""They see the profiles, and may ask more."""

C = TypeVar("C", RowCheck, WholeCheck)


def row_check(function: RowCheck) -> RowCheck:
    """Register a check of rows under its name."""
    return _add(ROW_CHECKS, function)


def whole_check(function: WholeCheck) -> WholeCheck:
    """Register a check of whole tables under its name."""
    return _add(WHOLE_CHECKS, function)


def _add(registry: Registry[C], function: C) -> C:
    registry.add(function.__name__, function)
    return function


import_folder(__name__)
