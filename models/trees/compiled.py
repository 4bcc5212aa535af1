"""How the loops are compiled: once a machine, kept on disk where there is a place for it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar, cast

from numba import njit
from numba.core.caching import FunctionCache

P = ParamSpec("P")
T = TypeVar("T")


def compiled(loop: Callable[P, T]) -> Callable[P, T]:
    """Compile a loop at its first call; it runs without Python's lock, on the thread that calls it.

    It calls only loops of its own file: what was compiled is thrown away where that file has changed, and no other.

    What was compiled is kept beside the source, in NUMBA_CACHE_DIR or in the user's cache. Where none can be written
    (a container that is read only), or no longer (a full disk), each process compiles anew, which takes some seconds.
    """
    made: Any = njit(nogil=True)(loop)
    with suppress(RuntimeError):
        kept: Any = _Kept  # which has no types
        made._cache = kept(loop)  # what `cache=True` does, but for errors
    return cast("Callable[P, T]", made)


def inlined(loop: Callable[P, T]) -> Callable[P, T]:
    """Mark a part of compiled loops, which is compiled as if it were written there."""
    made: Any = njit(inline="always")(loop)
    return cast("Callable[P, T]", made)


class _Kept(FunctionCache):
    """What is kept on disk, by Numba, which has no types; a place that went bad keeps nothing, and is no error."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        with suppress(OSError, EOFError):
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError, EOFError):
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]
