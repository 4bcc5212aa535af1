"""Everything that one answer is made from: it never changes, and the next one takes its place as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from serving.live.live import Live
from serving.store.store import Block


@dataclass(frozen=True)
class Snapshot:
    """Champions by name, challengers that answer in the shadow, and who must not be scored."""

    models: Mapping[str, Live]
    challengers: Mapping[str, Live] = field(default_factory=dict)
    suppressed: Block | None = None
