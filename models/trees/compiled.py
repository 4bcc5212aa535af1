"""How the loops are compiled: once a machine, kept on disk where there is a place for it."""

import hashlib
import inspect
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from numba import njit
from numba.core.caching import FunctionCache

P = ParamSpec("P")
T = TypeVar("T")


def compiled(loop: Callable[P, T]) -> Callable[P, T]:
    """Compile a loop at its first call; it runs without Python's lock, on the thread that calls it.

    What was compiled is kept beside the source, in NUMBA_CACHE_DIR or in the user's cache, until a file of the loop's
    folder changes. Where none can be written (a container that is read only), or no longer (a full disk), each process
    compiles anew, which takes some seconds.
    """
    made: Any = njit(nogil=True)(loop)
    with suppress(RuntimeError, OSError):
        kept: Any = _Kept  # which has no types
        made._cache = kept(loop)  # what `cache=True` does, but for errors
    return cast("Callable[P, T]", made)


def inlined(loop: Callable[P, T]) -> Callable[P, T]:
    """Mark a part of compiled loops, which is compiled as if it were written there."""
    made: Any = njit(inline="always")(loop)
    return cast("Callable[P, T]", made)


class _Kept(FunctionCache):
    """What is kept on disk, by Numba, which has no types; a place that went bad keeps nothing, and is no error."""

    def __init__(self, loop: Callable[..., Any]) -> None:
        super().__init__(loop)  # type: ignore[no-untyped-call]
        self._cache_file._source_stamp = _stamp(Path(inspect.getfile(loop)).parent)  # Numba's is of one file

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        with suppress(OSError, EOFError):
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError, EOFError):
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]


@cache
def _stamp(folder: Path) -> str:
    """Tell the loops of a folder, and what they are made of, from those of another day."""
    sources = sorted(each for each in folder.glob("*.py") if each.is_file())
    return hashlib.sha256(b"\0".join(each.read_bytes() for each in sources)).hexdigest()
