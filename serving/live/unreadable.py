"""What stands for a block that could not be opened."""

from collections.abc import Sequence

from serving.store.store import Generation, StoreAway


class Unreadable:
    """A block that was there to be opened and could not be: who asks it is told."""

    def __init__(self, why: str) -> None:
        self.why = why

    @property
    def generation(self) -> Generation:
        """None that was written."""
        return Generation("", "", (), 0)

    async def get(self, customer_ids: Sequence[str]) -> list[bytes | None]:
        """Raise `StoreAway`."""
        raise StoreAway(self.why)

    def verify(self) -> None:
        """Raise `StoreAway`."""
        raise StoreAway(self.why)

    def close(self) -> None:
        """There is nothing to let go of."""
