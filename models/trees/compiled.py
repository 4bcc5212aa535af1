"""How the loops are compiled: once a machine, kept on disk where there is a place for it."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from numba import njit

P = ParamSpec("P")
T = TypeVar("T")


def compiled(loop: Callable[P, T]) -> Callable[P, T]:
    """Compile a loop at its first call; it runs without Python's lock, on the thread that calls it.

    It calls only loops of its own file: what was compiled is thrown away where that file has changed, and no other.

    What was compiled is kept beside the source, in NUMBA_CACHE_DIR or in the user's cache. Where none can be written
    (a container that is read only) each process compiles anew, which takes some seconds.
    """
    try:
        made: Any = njit(cache=True, nogil=True)(loop)
    except RuntimeError:
        made = njit(nogil=True)(loop)
    return cast("Callable[P, T]", made)


def inlined(loop: Callable[P, T]) -> Callable[P, T]:
    """Mark a part of compiled loops, which is compiled as if it were written there."""
    made: Any = njit(inline="always")(loop)
    return cast("Callable[P, T]", made)
