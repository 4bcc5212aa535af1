"""BG/BB on frames: days become periods back from the cutoff."""

import numpy as np
import pandas as pd
import pytest

from features.engine.door import admit
from features.frame import frame
from features.library import POPULATIONS, chosen
from models.buy_till_you_die.bgbb import BgBb, Opportunities
from models.buy_till_you_die.fit import fit
from models.estimators.bgbb import Bgbb
from tests.models.buy_till_you_die.donations import donations


def donors(period_days: int) -> pd.DataFrame:
    """Put the donations into days: each in the middle of its period, the cutoff at the end of the last."""
    given = donations()
    x, t_x, T = (np.repeat(given[name], given["weight"].astype(int)) for name in ("x", "t_x", "T"))
    names = [f"repeat_periods_{period_days}d", "recency_days", "tenure_days"]
    return pd.DataFrame(np.column_stack([x, t_x * period_days, T * period_days + period_days // 2 + 1]), columns=names)


@pytest.mark.parametrize("period_days", [7, 28])
def test_donations_in_days_are_those_of_the_paper(period_days: int) -> None:
    """Fader, Hardie & Shang (2010), Table 4; of the most loyal donors they expect 3.75 in the next five years."""
    model = Bgbb(5 * period_days, period_days=period_days, prior_sd=None).fit(donors(period_days))
    assert model.params_ == pytest.approx({"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}, abs=0.0005)
    seen = Opportunities.of(**donations())
    expected = BgBb().expected_purchases(model.params_, seen, horizon=5)
    assert np.unique(model.predict(donors(period_days))) == pytest.approx(np.unique(expected), rel=1e-12)
    assert model.predict(donors(period_days)).max() == pytest.approx(3.75, abs=0.005)


def test_weights_count_customers() -> None:
    X = donors(28).iloc[::40]
    weight = np.arange(len(X)) % 3
    weighed = Bgbb(28).fit(X, sample_weight=weight)
    assert weighed.params_ == pytest.approx(Bgbb(28).fit(X.loc[X.index.repeat(weight)]).params_, rel=1e-9)


CUTOFF = pd.Timestamp("2024-03-25")


def test_periods_reach_back_from_the_cutoff_and_begin_after_that_of_the_first_purchase() -> None:
    """Weeks begin on Mondays, the cutoff is one: eleven weeks before it, the first being that from 8 January."""
    days = {
        "first week": ["2024-01-08", "2024-01-14"],
        "every day of a week": ["2024-01-08", *(f"2024-02-{day:02}" for day in range(5, 12))],
        "edges": ["2024-01-08", "2024-01-15", "2024-01-21", "2024-01-22", "2024-03-24"],
        "new": ["2024-03-24"],
    }
    rows = [(name, pd.Timestamp(day), 1.0) for name, bought in days.items() for day in bought]
    history = admit(
        "weeks", {"transactions": pd.DataFrame(rows, columns=["customer_id", "time", "amount"])}, end=CUTOFF
    )
    made = frame(history, [CUTOFF], population=POPULATIONS["known"], features=chosen(["rfm", "opportunities"]))
    seen = Bgbb(7, period_days=7)._opportunities(made)
    told = dict(
        zip(
            made["customer_id"],
            zip(*(seen.spread(each) for each in (seen.x, seen.t_x, seen.T)), strict=True),
            strict=True,
        )
    )
    assert told == {"first week": (0, 0, 10), "every day of a week": (1, 4, 10), "edges": (3, 10, 10), "new": (0, 0, 0)}


def test_it_names_the_feature_of_its_period() -> None:
    assert Bgbb.requires == ("repeat_periods_28d", "recency_days", "tenure_days")
    assert Bgbb(7, period_days=7).requires[0] == "repeat_periods_7d"
    with pytest.raises(ValueError, match=r"lacks the features .*repeat_periods_7d"):
        Bgbb(7, period_days=7).fit(donors(28))


def test_a_horizon_is_of_whole_periods() -> None:
    with pytest.raises(ValueError, match="90 days is not of whole periods of 28"):
        Bgbb(90).fit(donors(28))


def test_few_repeat_buyers_are_refused() -> None:
    with pytest.raises(ValueError, match="BG/BB needs 50"):
        Bgbb(28).fit(donors(28).head(100))


def test_it_is_fitted_by_the_engine_on_the_same_numbers() -> None:
    given = donations()
    assert Bgbb(28).fit(donors(28)).fit_.params == fit(BgBb(), Opportunities.of(**given)).params
