"""A store is a dict by name, for any order of writings, openings and questions."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.store.opened import store_of
from serving.store.store import Block, Store, StoreAway
from tests.serving.store.asked import put, read

Rows = dict[str, bytes]
Step = tuple[str, str, Rows]
NAMES = ["churn", "suppressed"]
ids = st.one_of(st.sampled_from(["a", "b", "ab", "\0", "x" * 511, "x" * 512, "x" * 513]), st.text(min_size=1))
rows = st.dictionaries(ids, st.one_of(st.sampled_from([b"", b"\0"]), st.binary()), max_size=6)
steps: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), rows),
    st.tuples(st.just("twice"), st.sampled_from(NAMES), rows),
    st.tuples(st.just("open"), st.sampled_from(NAMES), st.just({})),
    st.tuples(st.just("read"), st.sampled_from(NAMES), rows),
)


@dataclass
class Oracle:
    """What was written, all of it."""

    written: dict[str, list[Rows]] = field(default_factory=lambda: {name: [] for name in NAMES})
    opened: list[tuple[str, int, Block]] = field(default_factory=list)

    def check(self, asked: list[str]) -> None:
        """Ask all blocks that were opened; only those that two writings left behind may be gone."""
        for name, place, block in self.opened:
            expected = [self.written[name][place].get(each) for each in asked]
            try:
                assert read(block, *asked) == expected
            except StoreAway:
                assert place < len(self.written[name]) - 2


def _take(store: Store, oracle: Oracle, step: str, name: str, said: Rows) -> None:
    if step == "write":
        assert put(store, name, said.items()).customers == len(said)
        oracle.written[name].append(said)
    elif step == "twice" and said:
        with pytest.raises(ValueError, match="twice"):
            put(store, name, [*said.items(), next(iter(said.items()))])
    elif step == "open" and (block := store.open(name)) is not None:
        oracle.opened.append((name, len(oracle.written[name]) - 1, block))
    known = [each for written in oracle.written.values() for rows in written for each in rows]
    oracle.check([*said, *known])
    for each in NAMES:
        current, written = store.current(each), oracle.written[each]
        assert (current.customers if current else None) == (len(written[-1]) if written else None)


@pytest.fixture(scope="module", params=["lmdb", "redis"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where stores begin; an example uses a store of its own in it."""
    if request.param == "lmdb":
        return str(tmp_path_factory.mktemp("stores"))
    return str(request.getfixturevalue("shared_redis").url)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(steps=st.lists(steps, max_size=12))
def test_a_store_is_a_dict(base: str, steps: list[Step]) -> None:
    store, oracle = _fresh(base), Oracle()
    for step, name, said in steps:
        _take(store, oracle, step, name, said)


_made = iter(range(1_000_000))


def _fresh(base: str) -> Store:
    """Give an empty store: a new folder, or the server's database emptied."""
    if "://" not in base:
        return store_of(f"{base}/{next(_made)}")
    from serving.store.redis_store import RedisStore

    store = RedisStore(base)
    with store.server.write() as redis:
        redis.flushdb()
    return store
