"""Arrays in one file, one after the other, which is mapped into memory and not read; a second says what lies where."""

import json
import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from features.engine.kernel.columns import Columns
from features.engine.kernel.loops import Array
from features.engine.kernel.store import Store, Values

ARRAYS, INDEX = "arrays.bin", "arrays.json"
Named = Mapping[tuple[str, ...], Array]
"""Arrays by what they are, from the whole to its part."""
LINE: Final = 64
"""Arrays begin at multiples of so many bytes, as lines of a processor's cache do."""


def write(folder: Path, arrays: Named) -> None:
    """Write arrays; one that has several names is written once."""
    index, places, end = [], dict[int, int](), 0
    with (folder / ARRAYS).open("wb") as file:
        for name, array in arrays.items():
            if id(array) not in places:
                places[id(array)] = begin = -(-end // LINE) * LINE
                file.write(b"\0" * (begin - end))
                np.ascontiguousarray(array).tofile(file)
                end = begin + array.nbytes
            index.append([name, places[id(array)], array.dtype.str, len(array)])
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")


def read(folder: Path) -> dict[tuple[str, ...], Array]:
    """Map arrays into memory. The loops may take them for their own: what they wrote would stay in memory."""
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    with (folder / ARRAYS).open("rb") as file:
        empty = (folder / ARRAYS).stat().st_size == 0
        bytes_ = bytearray() if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    return {
        tuple(name): np.frombuffer(bytes_, np.dtype(kind), size, begin) if size else np.empty(0, np.dtype(kind))
        for name, begin, kind, size in index
    }


def named(columns: Columns) -> Iterator[tuple[tuple[str, ...], Array]]:
    """Name the arrays of a store and of what was made of it."""
    store = columns.store
    yield from ((("store", name), getattr(store, name)) for name in ("starts", "time", "day", "known"))
    for kind, each in (("values", store.values), ("made", columns.made)):
        for key, values in each.items():
            yield (kind, key, "data"), values.data
            yield (kind, key, "scale"), np.array([values.scale])
            if values.valid is not None:
                yield (kind, key, "valid"), values.valid
    yield from ((("codes", key), codes) for key, codes in columns.codes.items())
    for key, days in columns.days.items():
        yield from ((("days", key, *name), array) for name, array in named(days))


def columns_of(arrays: Named) -> Columns:
    """Put together what `named` took apart."""
    parts = {kind: under(arrays, kind) for kind in ("store", "values", "made", "codes", "days")}
    starts, time, day, known = (parts["store"][(name,)] for name in ("starts", "time", "day", "known"))
    columns = Columns(Store(starts, time, day, known, _values(parts["values"])), made=_values(parts["made"]))
    columns.codes.update({key: codes for (key,), codes in parts["codes"].items()})
    columns.days.update({key: columns_of(under(parts["days"], key)) for key in _firsts(parts["days"])})
    return columns


def _values(arrays: Named) -> dict[str, Values]:
    return {
        key: Values(arrays[key, "data"], arrays.get((key, "valid")), float(arrays[key, "scale"][0]))
        for key in _firsts(arrays)
    }


def _firsts(arrays: Named) -> list[str]:
    return list(dict.fromkeys(name[0] for name in arrays))


def under(arrays: Named, first: str) -> dict[tuple[str, ...], Array]:
    """Give the arrays whose name begins with a part, without it."""
    return {name[1:]: array for name, array in arrays.items() if name[0] == first}
