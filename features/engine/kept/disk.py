"""What the loops read, as files: every array is one, and is mapped into memory instead of read."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from features.engine.kernel.columns import Columns
from features.engine.kernel.loops import Array
from features.engine.kernel.store import Store, Values


def save(columns: Columns, folder: Path) -> None:
    """Write a store and what was made of it."""
    folder.mkdir(parents=True)
    store = columns.store
    for name in ("starts", "time", "day", "known"):
        np.save(folder / f"{name}.npy", getattr(store, name))
    _save_values(store.values, folder / "values")
    _save_values(columns.made, folder / "made")
    for number, (key, codes) in enumerate(columns.codes.items()):
        _keyed(folder / "codes", number, key)
        np.save(folder / "codes" / f"{number}.npy", codes)
    for number, (key, days) in enumerate(columns.days.items()):
        _keyed(folder / "days", number, key)
        save(days, folder / "days" / str(number))


def load(folder: Path) -> Columns:
    """Map what was written into memory."""
    starts, time, day, known = (_mapped(folder / f"{name}.npy") for name in ("starts", "time", "day", "known"))
    columns = Columns(Store(starts, time, day, known, _load_values(folder / "values")))
    columns.made = _load_values(folder / "made")
    for number, key in _keys(folder / "codes"):
        columns.codes[key] = _mapped(folder / "codes" / f"{number}.npy")
    for number, key in _keys(folder / "days"):
        columns.days[key] = load(folder / "days" / str(number))
    return columns


def _save_values(values: Mapping[str, Values], folder: Path) -> None:
    for number, (key, each) in enumerate(values.items()):
        _keyed(folder, number, key)
        np.save(folder / f"{number}.npy", each.data)
        np.save(folder / f"{number}.scale.npy", np.array([each.scale]))
        if each.valid is not None:
            np.save(folder / f"{number}.valid.npy", each.valid)


def _load_values(folder: Path) -> dict[str, Values]:
    values = {}
    for number, key in _keys(folder):
        valid = folder / f"{number}.valid.npy"
        scale = float(np.load(folder / f"{number}.scale.npy")[0])
        values[key] = Values(_mapped(folder / f"{number}.npy"), _mapped(valid) if valid.is_file() else None, scale)
    return values


def _keyed(folder: Path, number: int, key: str) -> None:
    """Write which expression a numbered file is of."""
    folder.mkdir(exist_ok=True)
    (folder / f"{number}.key").write_text(key, encoding="utf-8")


def _keys(folder: Path) -> list[tuple[int, str]]:
    found = sorted(folder.glob("*.key"), key=lambda path: int(path.stem))
    return [(int(path.stem), path.read_text(encoding="utf-8")) for path in found]


def _mapped(path: Path) -> Array:
    """Map an array, so that the loops may take it for one of their own; what they wrote would stay in memory."""
    array: Array = np.load(path, mmap_mode="c" if path.stat().st_size > _HEADER else None)
    return array


_HEADER = 128
"""Bytes before an array's own: a file of no more holds no value, and nothing cannot be mapped."""
