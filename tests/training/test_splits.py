"""Splits: what is learned from has ended, and is known, before what is tested begins; folds hold each customer once."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from features.datasets.simulator import simulate
from features.engine.door import admit
from features.history import History
from features.library import POPULATIONS, TARGETS, chosen
from training import splits
from training.splits import Split, Splits, folds, rolling, training_cutoffs
from training.task import Examples, Task

DAY = pd.Timedelta(days=1)
TESTS = [pd.Timestamp("2025-01-20"), pd.Timestamp("2025-01-05"), pd.Timestamp("2024-12-08")]


def cutoffs(X: pd.DataFrame) -> list[pd.Timestamp]:
    return sorted(map(pd.Timestamp, X["cutoff"].unique()))


def keys(examples: Examples) -> list[tuple[str, pd.Timestamp]]:
    return list(zip(examples.X["customer_id"], map(pd.Timestamp, examples.X["cutoff"]), strict=True))


def same(one: Examples, other: Examples) -> None:
    """Hold two examples against each other, bit for bit."""
    pd.testing.assert_frame_equal(one.X, other.X, check_exact=True)
    pd.testing.assert_series_equal(one.y, other.y, check_exact=True)


# Rolling origins


@pytest.mark.parametrize(("step_days", "lead_days"), [(1, 0), (10, 0), (28, 0), (45, 0), (10, 7), (28, 28)])
def test_an_origin_learns_only_where_the_horizon_has_closed_by_it(
    simulated: History, churn: Task, step_days: int, lead_days: int
) -> None:
    """Every step back from the last closed day is a candidate, until `first`, which is one itself if it is hit."""
    first = pd.Timestamp("2024-10-13")
    task = replace(churn, features=chosen(["frequency"]), lead_days=lead_days)
    ends = [each for each in TESTS if each + (28 + lead_days) * DAY <= simulated.end]
    made = rolling(task, first=first, step_days=step_days, tests=ends)
    assert [part.name for part in made.parts] == sorted(f"{each:%Y-%m-%d}" for each in ends)
    for part, origin in zip(made.parts, sorted(ends), strict=True):
        expected: list[pd.Timestamp] = []
        cutoff = origin - (28 + lead_days) * DAY
        while cutoff >= first:
            expected.insert(0, cutoff)
            cutoff -= step_days * DAY
        assert cutoffs(part.train.X) == expected
        assert cutoffs(part.test.X) == [origin] == [part.first_test]
        assert part.closes_in == (28 + lead_days) * DAY
    assert made.final is made.parts[-1]
    assert made.rolling


def test_the_first_cutoff_is_one_if_the_steps_hit_it() -> None:
    origin, closes_in = pd.Timestamp("2025-01-05"), 28 * DAY
    hit = origin - closes_in - 56 * DAY
    for first, number in ((hit, 3), (hit + DAY, 2), (hit - DAY, 3)):
        found = training_cutoffs(first=first, step_days=28, origin=origin, closes_in=closes_in)
        assert len(found) == number
        assert found[-1] == origin - closes_in


@pytest.mark.parametrize("lead_days", [0, 9])
def test_who_is_asked_and_what_came_are_those_a_loop_finds(simulated: History, churn: Task, lead_days: int) -> None:
    """The test rows of an origin are its whole population, and outcomes begin after the lead."""
    times: dict[str, list[pd.Timestamp]] = {}
    lines = simulate(300, days=420).tables["transactions"]
    for customer, time, returned in zip(lines["customer_id"], lines["time"], lines["is_return"], strict=True):
        if not returned:
            times.setdefault(customer, []).append(time)
    task = replace(churn, features=chosen(["frequency"]), lead_days=lead_days)
    made = rolling(task, first=pd.Timestamp("2024-08-18"), step_days=28, tests=TESTS[1:])
    for part in made.parts:
        for examples in (part.train, part.test):
            assert examples.y.tolist() == [
                float(
                    not any(cutoff + lead_days * DAY <= time < cutoff + (lead_days + 28) * DAY for time in times[who])
                )
                for who, cutoff in keys(examples)
            ]
            for cutoff in cutoffs(examples.X):
                asked = examples.X.loc[examples.X["cutoff"] == cutoff, "customer_id"].tolist()
                assert asked == sorted(customer for customer in times if min(times[customer]) < cutoff)


@pytest.mark.parametrize("target", ["churned", "future_spend"])
def test_nothing_at_or_after_an_origin_touches_what_it_learns_from(target: str) -> None:
    """Purchases planted on the second origin change its outcomes, and not a bit of what came before."""
    tables = dict(simulate(120, days=420, seed=4).tables)
    sold = tables["transactions"]
    origins = sorted(TESTS)
    later = sold.drop_duplicates("customer_id").assign(time=origins[1], amount=1e6, order_id="planted")
    planted = pd.concat([sold, later], ignore_index=True)

    def made(transactions: pd.DataFrame) -> Splits:
        history = admit("shop", {"transactions": transactions}, end=pd.Timestamp("2025-02-24"))
        task = Task(history, POPULATIONS["known"], chosen(["rfm", "windows"]), TARGETS[target], horizon_days=28)
        return rolling(task, first=pd.Timestamp("2024-10-01"), step_days=7, tests=origins)

    plain, odd = made(sold), made(planted)
    for number in (0, 1):
        same(odd.parts[number].train, plain.parts[number].train)
        pd.testing.assert_frame_equal(odd.parts[number].test.X, plain.parts[number].test.X, check_exact=True)
    same(odd.parts[0].test, plain.parts[0].test)  # its horizon ends on the second origin
    assert (odd.parts[2].train.y != plain.parts[2].train.y).any()
    known = odd.parts[1].test
    assert known.y.gt(9e5).all() if target == "future_spend" else known.y.eq(0).all()
    for one, other in zip(odd.parts[1].inner(3), plain.parts[1].inner(3), strict=True):
        same(one.train, other.train)
        same(one.test, other.test)


def test_what_an_origin_knows_of_late_rows_is_its_own() -> None:
    """A purchase in a training horizon that is booked between two origins: only the later one learns of it."""
    times = ["2024-01-01", "2024-01-20", "2024-06-01"]
    booked = ["2024-01-01", "2024-03-15", "2024-06-01"]
    table = pd.DataFrame({"customer_id": "a", "time": times, "amount": 1.0, "known_time": booked})
    history = admit("late", {"transactions": table})
    task = Task(history, POPULATIONS["known"], chosen(["frequency"]), TARGETS["churned"], horizon_days=28)
    origins = [pd.Timestamp("2024-03-10"), pd.Timestamp("2024-03-15"), pd.Timestamp("2024-03-16")]
    made = rolling(task, first=pd.Timestamp("2024-01-08"), step_days=1, tests=origins)
    at = pd.Timestamp("2024-01-10")
    assert [part.train.y[part.train.X["cutoff"] == at].tolist() for part in made.parts] == [[1.0], [1.0], [0.0]]


def test_pairs_have_a_row_each(pairs: Task, pairs_data: Split) -> None:
    for part in (pairs_data.train, pairs_data.test):
        sizes = part.X.groupby(["customer_id", "cutoff"])["category"].agg(["size", "nunique"])
        assert (sizes == len(pairs.categories)).all(axis=None)
        assert "eligible" in part.X


def test_without_a_target_there_is_nothing_to_wait_for(churn: Task) -> None:
    task = replace(churn, target=None, horizon_days=0)
    origin = TESTS[1]
    (part,) = rolling(task, first=origin - 20 * DAY, step_days=10, tests=[origin]).parts
    assert cutoffs(part.train.X) == [origin - 20 * DAY, origin - 10 * DAY]
    assert part.test.y.tolist() == [0.0] * len(part.test.X)
    (end,) = rolling(task, first=origin, step_days=10, tests=[task.history.end]).parts
    assert cutoffs(end.test.X) == [task.history.end]


def test_rows_outcomes_and_groups_share_an_index(churn: Task) -> None:
    task = replace(churn, group=chosen(["customers.region"], churn.history)[0])
    for part in rolling(task, first=pd.Timestamp("2024-10-13"), step_days=28, tests=TESTS[1:]).parts:
        for examples in (part.train, part.test, *(each.test for each in part.inner(2))):
            assert examples.groups is not None
            assert examples.X.index.equals(examples.y.index)
            assert examples.X.index.equals(examples.groups.index)
            assert np.isfinite(examples.y).all()
            assert "customers.region" not in examples.X
            regions = simulate(300, days=420).tables["customers"].set_index("customer_id")["region"]
            assert examples.groups.tolist() == regions[examples.X["customer_id"]].tolist()


def test_what_cannot_be_split_is_told(churn: Task) -> None:
    end, tests = churn.history.end, TESTS[:2]
    with pytest.raises(
        ValueError,
        match=r"no training cutoff from 2024-12-09 on has a 28-day horizon that closes by the test cutoff "
        r"2025-01-05; set an earlier `first`, a later test cutoff or a shorter horizon",
    ):
        rolling(churn, first=pd.Timestamp("2024-12-09"), step_days=7, tests=tests)
    made = rolling(churn, first=pd.Timestamp("2024-12-08"), step_days=7, tests=tests)
    assert cutoffs(made.parts[0].train.X) == [pd.Timestamp("2024-12-08")]
    with pytest.raises(
        ValueError, match=r"has a 28-day horizon after 1 days that closes by the test cutoff 2025-01-05"
    ):
        rolling(replace(churn, lead_days=1), first=pd.Timestamp("2024-12-08"), step_days=7, tests=tests)
    with pytest.raises(ValueError, match=r"cutoff 2025-02-25 lies beyond the data of small, which end at 2025-02-24"):
        rolling(churn, first=TESTS[1] - 60 * DAY, step_days=7, tests=[TESTS[1], end + DAY])
    with pytest.raises(ValueError, match=r"28-day horizon of cutoff 2025-01-28 ends .* use a cutoff up to 2025-01-27"):
        rolling(churn, first=TESTS[1] - 60 * DAY, step_days=7, tests=[TESTS[1], end - 27 * DAY])
    with pytest.raises(ValueError, match=r"horizon of cutoff 2025-01-27, 1 days after it, .* up to 2025-01-26"):
        rolling(replace(churn, lead_days=1), first=TESTS[1] - 60 * DAY, step_days=7, tests=[end - 28 * DAY])
    latest = rolling(churn, first=TESTS[1] - 60 * DAY, step_days=28, tests=[end - 28 * DAY])
    assert cutoffs(latest.final.test.X) == [end - 28 * DAY]
    with pytest.raises(ValueError, match="step_days must be at least 1, not 0"):
        rolling(churn, first=TESTS[1] - 60 * DAY, step_days=0, tests=TESTS[1:])


# Rows that are questions: touches


@pytest.fixture(scope="module")
def touched(simulated: History) -> Task:
    """Ask of each touch whether the customer buys nothing in the 14 days from 3 days after it."""
    features = chosen(["frequency", "days_since_last"])
    return Task(simulated, POPULATIONS["touched"], features, TARGETS["churned"], horizon_days=14, lead_days=3)


def test_touches_are_learned_from_when_closed_and_tested_between_origins(simulated: History, touched: Task) -> None:
    touches = dict(simulate(300, days=420).tables)["touches"]
    at = sorted(map(pd.Timestamp, touches["time"].unique()))
    first, origins = at[1], [at[3], at[5]]
    made = rolling(touched, first=first, step_days=7, tests=origins)
    end = simulated.end - 17 * DAY
    for part, origin, until in zip(made.parts, origins, [origins[1], end + pd.Timedelta(microseconds=1)], strict=True):
        pairs = list(zip(touches["customer_id"], touches["time"], strict=True))
        assert sorted(keys(part.train)) == sorted((who, at) for who, at in pairs if first <= at <= origin - 17 * DAY)
        assert sorted(keys(part.test)) == sorted((who, at) for who, at in pairs if origin <= at < until)
        assert part.first_test == origin
    assert made.final is made.parts[-1]


def test_touches_at_the_edges() -> None:
    """One a customer: learned from until the outcome closes on the origin, tested until it closes on the end."""
    buys = pd.DataFrame({"customer_id": list("abcdefg"), "time": pd.Timestamp("2024-01-01"), "amount": 1.0})
    sent = {"a": "02-29", "b": "03-01", "c": "03-01 00:00:01", "d": "04-01", "e": "05-01", "f": "06-01", "g": "06-02"}
    times = {who: pd.Timestamp(f"2024-{time}") for who, time in sent.items()}
    touches = pd.DataFrame({"customer_id": list(times), "time": list(times.values()), "campaign": "one"})
    history = admit("t", {"transactions": buys, "touches": touches}, end=pd.Timestamp("2024-07-01"))
    asked = POPULATIONS["touched"]
    task = Task(history, asked, chosen(["frequency"]), TARGETS["churned"], horizon_days=20, lead_days=10)
    tests = [times["b"] + 30 * DAY, times["e"]]
    early, late = rolling(task, first=times["a"], step_days=1, tests=tests).parts
    assert [set(part.X["customer_id"]) for part in (early.train, early.test)] == [{"a", "b"}, {"d"}]
    assert [set(part.X["customer_id"]) for part in (late.train, late.test)] == [set("abcd"), {"e", "f"}]
    nobody = "nobody is 'touched' to learn from by 2024-03-02 00:00:00; choose other test cutoffs"
    with pytest.raises(ValueError, match=nobody):
        rolling(task, first=times["a"], step_days=1, tests=[pd.Timestamp("2024-03-02")])
    with pytest.raises(ValueError, match="nobody is 'touched' to test at 2024-04-15"):
        rolling(task, first=times["a"], step_days=1, tests=[pd.Timestamp("2024-04-15"), times["e"]])


# Tables without dates: folds


def people(number: int = 240) -> pd.DataFrame:
    """Make a table in which three in ten leave; a few labels are not known."""
    rng = np.random.default_rng(0)
    left = np.where(rng.random(number) < 0.3, "Yes", "No").astype(object)
    left[::40] = None
    return pd.DataFrame(
        {
            "customer_id": [f"p{place:03}" for place in range(number)],
            "tenure": rng.integers(1, 72, number),
            "contract": rng.choice(["monthly", "yearly"], number),
            "left": left,
            "bill": np.round(rng.gamma(3, 20, number), 2),
        }
    )


def asked_of(table: pd.DataFrame, target: str = "customers.left=Yes", **changed: object) -> Task:
    history = admit("table", {"customers": table})
    (label,) = chosen([target], history)
    features = chosen(["customers.tenure", "customers.contract"], history)
    kind = "binary" if "=" in target else "amount"
    task = Task(history, POPULATIONS["listed"], features, replace(label, kind=kind))  # type: ignore[arg-type]
    return replace(task, **changed)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def table() -> Task:
    return asked_of(people())


def test_each_customer_is_tested_once_a_repeat_by_what_has_not_seen_them(table: Task) -> None:
    made = folds(table, count=5, repeats=3, seed=1)
    known = people().dropna(subset="left")
    assert len(made.parts) == 15
    assert not made.rolling
    for start in (0, 5, 10):
        repeat = made.parts[start : start + 5]
        assert len({part.name for part in repeat}) in (1, 5)
        tested = Counter(who for part in repeat for who in part.test.X["customer_id"])
        assert tested == Counter(known["customer_id"])
        for part in repeat:
            learned, held = set(part.train.X["customer_id"]), set(part.test.X["customer_id"])
            assert not learned & held
            assert learned | held == set(known["customer_id"])
    for part in made.parts:
        assert part.closes_in is None
    same(made.final.train, made.final.test)
    assert sorted(made.final.train.X["customer_id"]) == sorted(known["customer_id"])


def test_labels_go_with_their_customers_and_those_without_one_are_left_out(table: Task) -> None:
    labels = people().set_index("customer_id")["left"]
    made = folds(table, count=4, repeats=1, seed=0)
    assert labels.isna().sum() == 6
    assert len(made.final.train.X) == 234
    for part in made.parts:
        for examples in (part.train, part.test):
            assert examples.y.tolist() == [float(labels[who] == "Yes") for who in examples.X["customer_id"]]
            assert list(examples.X.columns) == ["customer_id", "cutoff", "customers.tenure", "customers.contract"]
    assert made.final.train.X["customers.contract"].tolist() == (
        people().set_index("customer_id")["contract"][made.final.train.X["customer_id"]].tolist()
    )


def test_folds_are_stratified(table: Task) -> None:
    for task in (table, asked_of(people(), "customers.bill")):
        made = folds(task, count=5, repeats=2, seed=3)
        whole = made.final.train.y
        for part in made.parts:
            assert abs(len(part.test.y) - len(whole) / 5) <= 10
            if task is table:
                assert abs(part.test.y.sum() - whole.sum() / 5) < 1
            else:  # as many of each tenth of the amounts, so the mean is near too
                assert part.test.y.mean() == pytest.approx(whole.mean(), rel=0.1)


def test_the_seed_decides_and_repeats_differ(table: Task) -> None:
    def held(made: Splits) -> list[tuple[str, ...]]:
        return [tuple(part.test.X["customer_id"]) for part in made.parts]

    one, again, other = (held(folds(table, count=3, repeats=2, seed=seed)) for seed in (5, 5, 11))
    assert one == again
    assert not set(one) & set(other)
    assert len(set(one)) == 6


def test_too_few_rows_make_no_folds() -> None:
    known = people().assign(left=["Yes", "No", "Yes"] * 80)
    task = asked_of(known.assign(left=known["left"].where(known.index < 3, None)))
    with pytest.raises(ValueError, match="table has 3 labelled rows, which make no 4 folds"):
        folds(task, count=4, repeats=1, seed=0)


def test_a_group_is_looked_at_and_is_no_feature() -> None:
    task = asked_of(people())
    grouped = replace(task, group=chosen(["customers.bill"], task.history)[0])
    made = folds(grouped, count=3, repeats=1, seed=0)
    bills = people().set_index("customer_id")["bill"]
    for part in made.parts:
        assert part.test.groups is not None
        assert part.test.groups.tolist() == bills[part.test.X["customer_id"]].tolist()
        assert "customers.bill" not in part.test.X


# Inner splits


def rows(sizes: dict[str, int], *, closes_in: int | None = 28) -> Split:
    """Make a split whose training rows are numbered, so many at each cutoff."""

    def made(sizes: dict[str, int]) -> Examples:
        at = [pd.Timestamp(day) for day, size in sizes.items() for _ in range(size)]
        numbers = np.arange(len(at), dtype=float)
        X = pd.DataFrame({"customer_id": [f"c{number:.0f}" for number in numbers], "cutoff": at, "number": numbers})
        return Examples(X, pd.Series((numbers % 3 == 0).astype(float)))

    return Split("outer", made(sizes), made({"2025-06-01": 9}), None if closes_in is None else closes_in * DAY)


def told(inner: list[Split]) -> list[tuple[list[str], list[str]]]:
    return [tuple([f"{at:%m-%d}" for at in cutoffs(part.X)] for part in (each.train, each.test)) for each in inner]  # type: ignore[misc]


def test_each_of_the_latest_cutoffs_is_tested_by_what_had_closed_by_it() -> None:
    split = rows(dict.fromkeys(["2025-01-01", "2025-01-29", "2025-02-26", "2025-03-26"], splits.FEWEST))
    whole = [(["01-01", "01-29", "02-26"], ["03-26"]), (["01-01", "01-29"], ["02-26"]), (["01-01"], ["01-29"])]
    for count in range(1, 6):
        assert told(split.inner(count)) == whole[:count]
    assert [each.name for each in split.inner(2)] == ["2025-03-26", "2025-02-26"]
    assert told(replace(split, closes_in=29 * DAY).inner(9)) == [
        (["01-01", "01-29"], ["03-26"]),
        (["01-01"], ["02-26"]),
    ]


def test_small_cutoffs_are_tested_together() -> None:
    """Blocks of at least 200 rows from the end; what is left at the beginning is a block too."""
    sizes = {"2025-01-01": 50, "2025-02-01": 120, "2025-03-01": 100, "2025-03-02": 99, "2025-03-03": 1, "2025-03-04": 1}
    split = rows({**sizes, "2025-05-01": 200})
    assert told(split.inner(9)) == [
        (["01-01", "02-01", "03-01", "03-02", "03-03", "03-04"], ["05-01"]),
        (["01-01", "02-01"], ["03-01", "03-02", "03-03", "03-04"]),
    ]
    one = rows({"2025-01-01": 10, "2025-04-01": 20, "2025-05-01": 199})
    assert told(one.inner(1)) == [(["01-01"], ["04-01", "05-01"])]
    none = rows({"2025-01-01": 10, "2025-04-01": 20})  # the one block holds all, and nothing closes before it
    assert none.inner(3) == []
    assert rows({"2025-01-01": 500}).inner(1) == []


def test_a_block_is_tested_by_what_had_closed_before_its_first_cutoff() -> None:
    split = rows({"2025-01-01": 300, "2025-01-30": 100, "2025-02-01": 100}, closes_in=29)
    (only,) = split.inner(1)
    assert told([only]) == [(["01-01"], ["01-30", "02-01"])]
    assert replace(split, closes_in=30 * DAY).inner(1) == []


@pytest.mark.parametrize("closes_in", [28, None])
def test_inner_splits_are_rows_of_what_is_learned_from_and_never_of_the_test(closes_in: int | None) -> None:
    split = rows(dict.fromkeys(["2025-01-01", "2025-02-01", "2025-03-01"], 250), closes_in=closes_in)
    inner = split.inner(3)
    assert len(inner) == (2 if closes_in else 3)
    for each in inner:
        for part in (each.train, each.test):
            numbers = part.X["number"].astype(int)
            pd.testing.assert_frame_equal(part.X, split.train.X.loc[numbers].reset_index(drop=True))
            assert part.y.tolist() == split.train.y[numbers].tolist()
            assert cutoffs(part.X)[-1] < split.first_test
        assert not set(each.train.X["number"]) & set(each.test.X["number"])
    blind = replace(split, test=replace(split.test, y=1 - split.test.y, X=split.test.X.iloc[:0]))
    for one, other in zip(inner, blind.inner(3), strict=True):
        same(one.train, other.train)
        same(one.test, other.test)


def test_inner_splits_of_a_table_are_folds_of_what_is_learned_from(table: Task) -> None:
    outer = folds(table, count=3, repeats=1, seed=0).parts[0]
    for count in (1, 3, 4, 6):
        inner = outer.inner(count, seed=2)
        assert len(inner) == count
        held = [set(each.test.X["customer_id"]) for each in inner]
        assert all(not one & other for one, other in pairwise(held))
        for each in inner:
            assert set(each.train.X["customer_id"]) | set(each.test.X["customer_id"]) == set(
                outer.train.X["customer_id"]
            )
            assert not set(each.test.X["customer_id"]) & set(outer.test.X["customer_id"])
            assert len(each.test.X) == pytest.approx(len(outer.train.X) / max(count, splits.FOLDS), abs=1)
            assert each.closes_in is None
    assert held != [set(each.test.X["customer_id"]) for each in outer.inner(6, seed=3)]


def test_a_label_without_time_has_no_origins(table: Task) -> None:
    with pytest.raises(ValueError, match="a column of customers has no time, so no origin can be before it: use folds"):
        rolling(table, first=pd.Timestamp("1999-01-01"), step_days=7, tests=[pd.Timestamp("1999-06-01")])


def test_a_label_that_nobody_has_is_told(table: Task) -> None:
    (label,) = chosen(["customers.left=nobody"], table.history)
    odd = replace(table, target=replace(label, kind="binary"))
    with pytest.raises(ValueError, match=r"the label is 0 for all \d+ customers; look at the spelling of the target"):
        folds(odd, count=3, repeats=1, seed=0)
