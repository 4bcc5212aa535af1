"""What a store of rows by customer id is: `lmdb_store` is a folder of this machine, `redis_store` serves several."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, Self


class StoreAway(ConnectionError):
    """The store cannot be reached or read now; asking again later may help."""


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


class Block(Protocol):
    """A generation that is open for reading, by many at once."""

    @property
    def generation(self) -> Generation:
        """What is read."""

    async def get(self, customer_ids: Sequence[str]) -> list[bytes | None]:
        """Give each customer's bytes, in the order asked; None for one whom the block does not hold.

        Raises `StoreAway`.
        """

    def close(self) -> None:
        """Let go of it; what was given stays good."""


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

        The one before stays readable for those who opened it. Raises `ValueError` for an id that comes twice, is empty
        or longer than the store takes, and `StoreAway`.
        """
