"""What both stores do alike: write whole, read by id, swap, refuse."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from serving.store.opened import store_of
from serving.store.store import Generation, Store, StoreAway
from tests.serving.store.asked import put, read

ANNA, BEN = ("anna", b"1" * 360), ("ben", b"2" * 360)


def test_where_nothing_was_written_there_is_nothing(store: Store) -> None:
    assert store.current("churn") is None
    assert store.open("churn") is None


def test_rows_are_read_by_id_in_the_order_asked(store: Store) -> None:
    put(store, "churn", [BEN, ANNA])
    block = store.open("churn")
    assert read(block, "anna", "nobody", "ben", "anna") == [ANNA[1], None, BEN[1], ANNA[1]]
    assert read(block) == []


def test_a_generation_says_what_it_is(store: Store, uri: str) -> None:
    made = store.write("churn", [ANNA, BEN], columns=["a", "b"], about={"cutoff": "2025-01-05", "texts": ("x",)})
    assert made == Generation("churn", made.number, ("a", "b"), 2, {"cutoff": "2025-01-05", "texts": ["x"]})
    assert store.current("churn") == made
    assert store_of(uri).current("churn") == made
    block = store.open("churn")
    assert block is not None
    assert block.generation == made
    block.verify()


def test_what_is_told_may_be_added_while_rows_are_made(store: Store) -> None:
    about: dict[str, Any] = {"golden": []}

    def rows() -> Iterator[tuple[str, bytes]]:
        for each in (ANNA, BEN):
            about["golden"].append(each[0])
            yield each

    assert store.write("churn", rows(), columns=[], about=about).about == {"golden": ["anna", "ben"]}


def test_the_next_generation_takes_the_place_of_the_one_before_which_stays_readable(store: Store) -> None:
    first = put(store, "churn", [ANNA])
    before = store.open("churn")
    second = put(store, "churn", [BEN])
    assert second.number > first.number
    assert read(before, "anna", "ben") == [ANNA[1], None]
    assert read(store.open("churn"), "anna", "ben") == [None, BEN[1]]


def test_blocks_do_not_touch_each_other(store: Store) -> None:
    put(store, "churn", [ANNA])
    for _ in range(4):
        put(store, "suppressed", [("ben", b"")])
    assert read(store.open("churn"), "anna", "ben") == [ANNA[1], None]
    assert read(store.open("suppressed"), "anna", "ben") == [None, b""]


def test_a_block_may_be_empty(store: Store) -> None:
    assert put(store, "suppressed", []).customers == 0
    block = store.open("suppressed")
    assert read(block, "anna", "") == [None, None]
    assert block is not None
    block.verify()


LONG = "p" * 478
IDS = [
    " ", "\0", "a\0", "a\0b", "a", "A", "à", "a\u0300", "\n", "{}", "*", "\ud800", "\U0001f600" * 200, "x" * 510,
    "x" * 511, "x" * 512, "x" * 513, LONG + "q" * 33, LONG + "q" * 34, LONG + "q" * 35, LONG + "r" * 34, "y" * 100_000,
]  # fmt: skip


def test_ids_are_any_text(store: Store) -> None:
    """Among them are such as LMDB's keys cannot hold: 512 bytes and more, equal but for their ends."""
    rows = {each: f"row {place}".encode() for place, each in enumerate(IDS)}
    assert len(rows) == len(IDS)
    put(store, "churn", rows.items())
    block = store.open("churn")
    assert read(block, *IDS) == list(rows.values())
    unknown = ["", "b", "\0\0", "\udfff", "x" * 514, "x" * 509, LONG, LONG + "s" * 34, "y" * 99_999, "\U0001f600" * 201]
    assert read(block, *unknown) == [None] * len(unknown)


@pytest.mark.parametrize("twice", ["anna", "z" * 600])
@pytest.mark.parametrize("between", [0, 5, 3_000], ids=["near", "in a batch", "batches apart"])
def test_a_customer_who_comes_twice_is_refused_and_nothing_changes(store: Store, twice: str, between: int) -> None:
    before = put(store, "churn", [BEN])
    rows = [(twice, b"1"), *((f"c{each:05d}", b"x" * 400) for each in range(between)), (twice, b"2")]
    with pytest.raises(ValueError, match="twice") as refused:
        put(store, "churn", rows)
    assert twice not in str(refused.value)
    assert store.current("churn") == before
    assert read(store.open("churn"), "ben", twice) == [BEN[1], None]


def test_an_empty_id_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="empty id"):
        put(store, "churn", [ANNA, ("", b"1")])
    assert store.current("churn") is None


class Unlucky(OSError):
    """What a source of rows may raise."""


def test_what_the_rows_raise_is_raised_and_nothing_changes(store: Store) -> None:
    before = put(store, "churn", [BEN])

    def rows() -> Iterator[tuple[str, bytes]]:
        yield from ((f"c{each}", b"x" * 400) for each in range(3_000))
        raise Unlucky("the table ended early")

    with pytest.raises(Unlucky, match="ended early"):
        put(store, "churn", rows())
    assert store.current("churn") == before
    with pytest.raises(TypeError, match="not JSON serializable"):
        store.write("churn", [ANNA], columns=[], about={"cutoff": object()})
    assert store.current("churn") == before


@pytest.mark.parametrize("name", ["", ".", "..", "../churn", "a/b", "a\\b", "/etc", "a:b", ".hidden", "a\0", "n" * 101])
def test_a_name_that_leads_elsewhere_is_refused(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a block"):
        store.current(name)
    with pytest.raises(ValueError, match="cannot be the name of a block"):
        store.open(name)
    with pytest.raises(ValueError, match="cannot be the name of a block"):
        put(store, name, [ANNA])


@pytest.mark.parametrize("name", ["shop_churn", "Shop churn 2.0", "größe", "current", "*", "n" * 100])
def test_other_names_are_good(store: Store, name: str) -> None:
    put(store, name, [ANNA])
    assert read(store.open(name), "anna") == [ANNA[1]]


def test_many_rows_in_no_order(store: Store) -> None:
    """17 is prime to 60,000: all come, none in order, over several batches; some rows are longer than a page."""
    ids = [f"c{17 * each % 60_000:05d}" for each in range(60_000)]
    rows = {each: each.encode() * (60 if place % 50 else 1_000) for place, each in enumerate(ids)}
    assert put(store, "churn", rows.items()).customers == 60_000
    block = store.open("churn")
    assert block is not None
    block.verify()
    for start in range(0, 60_000, 1_000):
        asked = ids[start : start + 1_000]
        assert read(block, *asked) == [rows[each] for each in asked]


def test_a_closed_block_takes_no_more_questions_and_leaves_others_alone(store: Store) -> None:
    put(store, "churn", [ANNA])
    one, other = store.open("churn"), store.open("churn")
    assert one is not None
    kept = read(one, "anna")
    one.close()
    one.close()
    with pytest.raises(StoreAway, match="was closed; open the current one"):
        read(one, "anna")
    assert read(other, "anna") == kept == [ANNA[1]]
    assert read(store.open("churn"), "anna") == [ANNA[1]]


def test_a_block_is_asked_by_threads_at_once_each_with_its_loop(store: Store) -> None:
    rows = {f"c{each:04d}": f"{each}".encode() * 50 for each in range(2_000)}
    put(store, "churn", rows.items())
    block = store.open("churn")
    wrong: list[str] = []

    def ask(offset: int) -> None:
        async def asking() -> None:
            for each in range(300):
                asked = [f"c{(offset + each * 7 + step) % 2_500:04d}" for step in range(10)]
                assert block is not None
                if await block.get(asked) != [rows.get(customer_id) for customer_id in asked]:
                    wrong.append(f"{offset} {each}")

        asyncio.run(asking())

    threads = [threading.Thread(target=ask, args=(place * 300,)) for place in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []


def test_tasks_ask_at_once_and_may_be_cancelled_without_mixing_answers(store: Store) -> None:
    rows = {f"c{each:04d}": f"{each}".encode() * 50 for each in range(1_000)}
    put(store, "churn", rows.items())
    block = store.open("churn")
    assert block is not None

    async def ask(place: int) -> None:
        asked = [f"c{(place * 13 + step) % 1_200:04d}" for step in range(20)]
        assert await block.get(asked) == [rows.get(each) for each in asked]

    async def rush() -> None:
        for start in range(0, 1_200, 40):
            tasks = [asyncio.create_task(ask(start + each)) for each in range(40)]
            for place, each in enumerate(tasks[::2]):
                asyncio.get_running_loop().call_later(place * 0.0002, each.cancel)
            told = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(each is None or isinstance(each, asyncio.CancelledError) for each in told), told
        await asyncio.gather(*(ask(each) for each in range(100)))

    asyncio.run(rush())
