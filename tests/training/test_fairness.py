"""Fairness against loops over the rows, and groups that are cut, small or unknown."""

import numpy as np
import pandas as pd
import pytest

from models.metrics import METRICS
from training.fairness import COMPARED, MEASURES, fairness


def rows(number: int = 2000) -> tuple[pd.DataFrame, pd.Series]:
    """Make distinct scores of two customers in three, `a` scored higher than `b` at equal risk."""
    rng = np.random.default_rng(0)
    group = pd.Series(np.where(rng.random(number) < 0.6, "a", "b"))
    risk = rng.beta(2, 6, number)
    scored = pd.DataFrame(
        {
            "customer_id": np.arange(number) * 2 // 3,
            "actual": (rng.random(number) < risk).astype(float),
            "score": np.clip(risk + 0.1 * (group == "a").to_numpy(), 0, 1),
        }
    )
    return scored, group


def row(table: pd.DataFrame, group: str) -> pd.Series:
    found = table[table["group"] == group]
    assert len(found) == 1
    return found.iloc[0]


def test_as_the_loop_has_it() -> None:
    scored, groups = rows()
    table = fairness(scored, groups, share=0.2)
    assert table["group"].tolist() == ["all", "a", "b"]
    best = set(scored["score"].nlargest(400).index)
    for name in ("all", "a", "b"):
        mine = [each for each in range(2000) if name in ("all", groups[each])]
        ones = [each for each in mine if scored["actual"][each] == 1]
        zeros = [each for each in mine if scored["actual"][each] == 0]
        found = row(table, name)
        assert found["rows"] == len(mine)
        assert found["customers"] == len({scored["customer_id"][each] for each in mine})
        assert found["rate"] == pytest.approx(len(ones) / len(mine))
        assert found["score"] == pytest.approx(np.mean([scored["score"][each] for each in mine]))
        assert found["selected"] == pytest.approx(len(best & set(mine)) / len(mine))
        assert found["true_positive_rate"] == pytest.approx(len(best & set(ones)) / len(ones))
        assert found["false_positive_rate"] == pytest.approx(len(best & set(zeros)) / len(zeros))
        for metric in ("roc_auc", "ece"):
            expected = METRICS[metric](scored["actual"][mine], scored["score"][mine])
            assert found[metric] == pytest.approx(expected)
        for measure in MEASURES:
            assert found[f"{measure}_ratio"] == pytest.approx(found[measure] / row(table, "all")[measure])
    assert row(table, "all")["selected"] == pytest.approx(0.2)
    assert row(table, "all")["note"] == ""


def test_what_is_less_than_four_fifths_or_more_than_five_quarters_is_noted() -> None:
    table = fairness(*rows())
    for _, found in table.iterrows():
        for measure in COMPARED:
            ratio = found[f"{measure}_ratio"]
            told = f"{measure} is {ratio:.2f} times that of all"
            assert (told in found["note"]) == (not 0.8 <= ratio <= 1.25)
    assert row(table, "b")["note"].startswith("selected is 0.")


def test_equal_groups_are_not_noted() -> None:
    scored, _ = rows(1000)
    twice = pd.concat([scored, scored], ignore_index=True)
    table = fairness(twice, pd.Series(np.repeat(["x", "y"], 1000)))
    assert table["note"].tolist() == ["", "", ""]
    assert table[[f"{each}_ratio" for each in MEASURES if each != "ece"]].to_numpy() == pytest.approx(1.0)


def test_rows_tied_at_the_edge_are_selected_in_part() -> None:
    scored = pd.DataFrame({"customer_id": range(400), "actual": [0.0, 1.0] * 200, "score": 0.5})
    table = fairness(scored, pd.Series(np.repeat(["x", "y"], 200)))
    assert table["selected"].tolist() == pytest.approx([0.1] * 3)
    assert table["true_positive_rate"].tolist() == pytest.approx([0.1] * 3)


def test_numbers_are_cut_at_quartiles_and_nulls_are_unknown() -> None:
    scored, _ = rows()
    age = pd.Series(np.tile(np.arange(20.0, 120.0), 20)).where(np.arange(2000) >= 100)
    table = fairness(scored, age)
    assert table["group"].tolist() == [
        "all",
        "20 to 44.75",
        "44.75 to 69.5",
        "69.5 to 94.25",
        "94.25 to 119",
        "unknown",
    ]
    assert table["rows"].tolist() == [2000, 475, 475, 475, 475, 100]
    few = fairness(scored, pd.Series(np.tile([10, 9.5, 2, 1], 500)))
    assert few["group"].tolist() == ["all", "1", "2", "9.5", "10"]  # as numbers, not as texts


@pytest.mark.parametrize(
    ("values", "groups"),
    [
        ([None, "b", "a", None], ["a", "b", "unknown"]),
        ([True, False, True, True], ["False", "True"]),
        ([None] * 4, ["unknown"]),
        ([np.nan] * 4, ["unknown"]),
        (["unknown", None, "x", "x"], ["x", "unknown"]),
        ([1.0000001, 1.0000002, 1.0000001, 3], ["1.0000001", "1.0000002", "3.0"]),
    ],
)
def test_any_column_will_do(values: list[object], groups: list[str]) -> None:
    scored, _ = rows()
    table = fairness(scored, pd.Series(values * 500, index=np.arange(2000) + 7))
    assert table["group"].tolist() == ["all", *groups]
    assert table["rows"].iloc[1:].sum() == 2000


def test_many_equal_numbers_leave_fewer_quartiles() -> None:
    table = fairness(rows()[0], pd.Series(np.r_[np.zeros(1200), np.arange(800.0)]))
    assert table["group"].tolist()[1:] == ["0 to 299.25", "299.25 to 799"]


def test_small_groups_are_shown_without_rates() -> None:
    scored, _ = rows()
    scored["customer_id"] = np.arange(2000)
    groups = pd.Series(["rest"] * 2000)
    groups[:49] = "few"
    groups[49:99] = "enough"
    groups[100:200] = "rare"
    groups[200:300] = "sure"
    scored.loc[49:98, "actual"] = [1.0] * 10 + [0.0] * 40
    scored.loc[100:199, "actual"] = [1.0] * 9 + [0.0] * 91
    scored.loc[200:299, "actual"] = [0.0] * 9 + [1.0] * 91
    table = fairness(scored, groups)
    assert row(table, "few")["note"] == "fewer than 50 customers: no rates"
    assert row(table, "rare")["note"] == "fewer than 10 customers of one outcome: no rates"
    assert row(table, "sure")["note"] == "fewer than 10 customers of one outcome: no rates"
    measured = [*MEASURES, *(f"{each}_ratio" for each in MEASURES)]
    for name in ("few", "rare", "sure"):
        assert row(table, name)[measured].isna().all()
        assert row(table, name)["rows"] == {"few": 49, "rare": 100, "sure": 100}[name]
    for name in ("all", "enough", "rest"):
        assert row(table, name)[measured].notna().all()
    scored["customer_id"] = np.arange(2000) // 2  # many rows of few customers are few
    assert "50 customers" in row(fairness(scored, groups), "enough")["note"]


def test_bad_arguments_are_named() -> None:
    scored, groups = rows()
    with pytest.raises(ValueError, match="groups has 1999 rows and scored has 2000"):
        fairness(scored, groups[:-1])
    with pytest.raises(ValueError, match=r"lies in \(0, 1\]; got 0"):
        fairness(scored, groups, share=0)
    with pytest.raises(ValueError, match="predicted must be a probability"):
        fairness(scored.assign(score=scored["score"] + 1), groups)
