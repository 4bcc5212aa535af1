"""What a store of rows by customer id is: `lmdb_store` is a folder of this machine, `redis_store` serves several."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Protocol, Self

LONGEST_NAME: Final = 100


class StoreAway(ConnectionError):
    """The store cannot be reached or read now; asking again later may help."""


class NotAsWritten(StoreAway):
    """What is stored is not what was written, and will not be."""


@dataclass(frozen=True)
class Generation:
    """One writing of a block: all of its rows were made together, and none changes.

    `name` is the block's (a model's name), `number` sorts by time of writing and is never used twice, `columns` says
    what a row holds, `about` whatever the writer tells of it (cutoff, artifact, counts) as plain data.
    """

    name: str
    number: str
    columns: tuple[str, ...]
    customers: int
    about: Mapping[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Give it as plain data."""
        return asdict(self)

    @classmethod
    def restore(cls, plain: Mapping[str, Any]) -> Self:
        """Take it back."""
        return cls(**{**plain, "columns": tuple(plain["columns"])})

    @classmethod
    def made(
        cls, name: str, number: str, *, columns: Sequence[str], customers: int, about: Mapping[str, Any]
    ) -> "Generation":
        """Make it as a reader will find it: `about` as JSON gives it back. Raises `TypeError` where it is not plain."""
        return cls.restore(json.loads(json.dumps(cls(name, number, tuple(columns), customers, dict(about)).plain())))


def next_number(last: str | None) -> str:
    """Give a number greater than the last: nanoseconds of 1970 now, even where the clock went back."""
    return f"{max(time.time_ns(), int(last or 0) + 1):020d}"


class Block(Protocol):
    """A generation that is open for reading, by many at once: tasks of several event loops, and threads.

    Going over to a newer one needs no `close`: what a block holds goes with the last that holds the block.
    """

    @property
    def generation(self) -> Generation:
        """What is read."""

    async def get(self, customer_ids: Sequence[str]) -> list[bytes | None]:
        """Give each customer's bytes, in the order asked; None for one whom the block does not hold.

        Raises `StoreAway`, also where the rows of this generation are no longer there, or it was closed.
        """

    def verify(self) -> None:
        """Compare what is stored with what was written, which may take seconds. Raises `StoreAway`."""

    def close(self) -> None:
        """Take no more questions: those that are being answered are, and what was given stays good."""


class Store(Protocol):
    """Blocks by name; each has one current generation or none."""

    def current(self, name: str) -> Generation | None:
        """Give the generation that is current; None where none was written. Raises `StoreAway`."""

    def open(self, name: str) -> Block | None:
        """Open the current generation; None where none was written. Raises `StoreAway`."""

    def write(
        self,
        name: str,
        rows: Iterable[tuple[str, bytes]],
        *,
        columns: Sequence[str],
        about: Mapping[str, Any],
    ) -> Generation:
        """Write a generation, each customer once, and then make it current: readers see it whole or not at all.

        `about` is read when all rows have been taken, so that what makes them may still add to it.
        The one before stays readable for those who opened it, until the next one is current. Ids are any text, a row
        any bytes. Raises `ValueError` for an id that comes twice or is empty and for a name that is none, and
        `StoreAway`.
        """


def check_name(name: str) -> None:
    """Raise `ValueError` for a block's name that could lead elsewhere: to another folder, to another block's keys."""
    if not name or len(name) > LONGEST_NAME or name.startswith(".") or any(c in "/\\:" or c < " " for c in name):
        raise ValueError(
            f"{name!r} cannot be the name of a block; use up to {LONGEST_NAME} characters, none of them / \\ or :, "
            "and no dot as the first"
        )
