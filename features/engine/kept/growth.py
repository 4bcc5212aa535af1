"""Customers and all their events: those of a history, those whom a day's rows touch, or all again."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from features.engine.kernel.loops import Ints
from features.engine.kernel.source import Source


@dataclass(frozen=True)
class Growth:
    """New customers, all whom rows touch by their numbers, and these customers' events by view."""

    customers: pa.Array
    touched: Ints
    sources: Mapping[str, Source]
