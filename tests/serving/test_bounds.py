"""What many small requests, and few wide ones, may take together."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

import pytest

from serving.api.asgi import Budget, Gone, Head, Message, body_of
from serving.api.refused import Refused
from serving.feature_rows import NotFeatures, table_of
from serving.messages import FeatureRow

HEAD = Head({})


class Sent:
    """A request that sends parts and waits before the last until it is told."""

    def __init__(self, parts: Sequence[bytes], *, leaves: bool = False) -> None:
        self.parts, self.leaves, self.goes_on = list(parts), leaves, asyncio.Event()

    async def receive(self) -> Message:
        if len(self.parts) == 1:
            await self.goes_on.wait()
            if self.leaves:
                return {"type": "http.disconnect"}
        part = self.parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(self.parts)}


def test_bodies_under_way_share_a_budget_and_give_it_back() -> None:
    async def sent() -> None:
        budget = Budget(100)
        first, gone = Sent([b"a" * 60, b"b"]), Sent([b"c" * 30, b"d"], leaves=True)
        reading = [asyncio.create_task(body_of(HEAD, each.receive, limit=80, budget=budget)) for each in (first, gone)]
        await asyncio.sleep(0)
        assert budget.taken == 90
        with pytest.raises(Refused, match="too much is being sent") as refused:
            await body_of(HEAD, Sent([b"e" * 11, b"f"]).receive, limit=80, budget=budget)
        assert (refused.value.status, refused.value.code) == (HTTPStatus.SERVICE_UNAVAILABLE, "busy")
        assert (b"retry-after", b"1") in refused.value.headers
        assert budget.taken == 90
        gone.goes_on.set()
        with pytest.raises(Gone):
            await reading[1]
        assert budget.taken == 60
        with pytest.raises(Refused, match="the body is over 20 bytes"):
            await body_of(HEAD, Sent([b"e" * 11, b"f" * 10, b"g"]).receive, limit=20, budget=budget)
        first.goes_on.set()
        assert await reading[0] == b"a" * 60 + b"b"
        assert budget.taken == 0

    asyncio.run(sent())


def test_a_body_that_is_whole_at_once_takes_no_room() -> None:
    async def sent() -> None:
        whole = Sent([b"a" * 50])
        whole.goes_on.set()
        assert await body_of(HEAD, whole.receive, limit=50, budget=Budget(0)) == b"a" * 50

    asyncio.run(sent())


def test_a_few_wide_rows_do_not_make_many_narrow_ones_wide() -> None:
    rows = [FeatureRow(f"c{number}", {"spend": 1.0}) for number in range(9_999)]
    wide = FeatureRow("wide", {f"f{number}": 1.0 for number in range(399)})
    assert table_of([*rows, wide]).num_columns == 401
    wider = FeatureRow("wide", {f"f{number}": 1.0 for number in range(400)})
    for where in (0, 5_000, len(rows)):
        with pytest.raises(NotFeatures, match="over 400 features, too many for 10000 rows; send those"):
            table_of([*rows[:where], wider, *rows[where:]])


def test_of_few_rows_all_columns_are_taken() -> None:
    assert table_of([FeatureRow("a", {f"f{number}": 1.0 for number in range(2_000)})]).num_columns == 2_001
    with pytest.raises(NotFeatures, match="over 2000 columns"):
        table_of([FeatureRow("a", {f"f{number}": 1.0 for number in range(2_001)})])
