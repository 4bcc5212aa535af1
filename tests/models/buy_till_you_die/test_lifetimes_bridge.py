"""The bridge to lifetimes: its objects predict what ours do, and nothing of it leaks into the process."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.buy_till_you_die.bgbb import BgBb, Opportunities
from models.buy_till_you_die.fit import Fit
from models.buy_till_you_die.histories import Floats
from models.buy_till_you_die.lifetimes_bridge import to_lifetimes
from models.estimators import create
from models.estimators.gamma_gamma import GammaGamma
from models.purchases import PurchaseModel
from tests.models.cdnow import calibration
from tests.models.test_gamma_gamma import history

ROOT = Path(__file__).parents[3]
HORIZON_DAYS = 273
NAMES = {"bgnbd": "BetaGeoFitter", "mbgnbd": "ModifiedBetaGeoFitter", "pareto_nbd": "ParetoNBDFitter"}
FENCED = """
import copy, pickle, sys, warnings
import numpy as np, pandas as pd
from models.buy_till_you_die.fit import Fit
from models.buy_till_you_die.gamma_gamma import GammaGamma
from models.buy_till_you_die.lifetimes_bridge import to_lifetimes
filters, options = list(warnings.filters), copy.deepcopy(pd.options.d)
dispatch, errors = dict(pickle._Pickler.dispatch), np.geterr()
assert "lifetimes" not in sys.modules and "dill" not in sys.modules
covariance = np.eye(3).tolist()
to_lifetimes(GammaGamma(), Fit({"p": 6.0, "q": 4.0, "v": 15.0}, {}, -1.0, covariance, 1.0, 0.0, 1))
assert "lifetimes" in sys.modules and "dill" not in sys.modules
assert list(warnings.filters) == filters
assert pd.options.d == options
assert pickle._Pickler.dispatch == dispatch
assert np.geterr() == errors
"""


def weeks(frame: pd.DataFrame) -> list[Floats]:
    """Give x, t_x and T as lifetimes takes them."""
    return [frame["frequency"].to_numpy(), *(frame[name].to_numpy() / 7 for name in ("recency_days", "tenure_days"))]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return calibration("CDNOW_sample.txt").reset_index(drop=True)


@pytest.fixture(scope="module", params=list(NAMES))
def both(request: pytest.FixtureRequest, frame: pd.DataFrame) -> tuple[PurchaseModel, Any]:
    model = create(request.param, horizon_days=HORIZON_DAYS)
    assert isinstance(model, PurchaseModel)
    model.fit(frame, frame["frequency"])
    return model, model.to_lifetimes(frame)


def test_lifetimes_predicts_what_we_do(both: tuple[PurchaseModel, Any], frame: pd.DataFrame) -> None:
    model, theirs = both
    assert type(theirs).__name__ in NAMES.values()
    known, seen = weeks(frame), model.seen(frame)
    expected = np.asarray(theirs.predict(HORIZON_DAYS / 7, *known))
    assert np.isfinite(expected).all()
    assert model.predict(frame) == pytest.approx(expected, rel=1e-6)
    alive = seen.spread(model.process.p_alive(model.params_, seen))
    assert alive == pytest.approx(np.asarray(theirs.conditional_probability_alive(*known)), rel=1e-6)


def test_lifetimes_tells_of_new_customers_what_we_do(both: tuple[PurchaseModel, Any]) -> None:
    model, theirs = both
    times = np.array([1.0, 39.0, 520.0])
    ours = model.process.expected_of_new(model.params_, times)
    assert ours == pytest.approx(np.asarray(theirs.expected_number_of_purchases_up_to_time(times)), rel=1e-6)


def test_its_object_is_as_if_it_had_fitted_itself(both: tuple[PurchaseModel, Any], frame: pd.DataFrame) -> None:
    model, theirs = both
    assert dict(theirs.params_) == model.params_
    assert dict(theirs.summary["se(coef)"]) == pytest.approx(model.fit_.standard_errors)
    own = theirs._negative_log_likelihood_
    assert own == pytest.approx(-model.fit_.log_likelihood / 2357)
    assert theirs.data["weights"].sum() == len(frame)
    assert theirs.data["frequency"] @ theirs.data["weights"] == frame["frequency"].sum()
    assert "subjects" in repr(theirs)
    assert "subjects" not in repr(model.to_lifetimes())
    assert theirs.conditional_probability_alive_matrix(max_frequency=3, max_recency=30).shape[1] == 4


def test_gamma_gamma_too(frame: pd.DataFrame) -> None:
    spent = history("CDNOW_sample.txt")
    model = GammaGamma().fit(spent)
    theirs = model.to_lifetimes(spent)
    repeaters = spent[spent["frequency"] > 0]
    expected = theirs.conditional_expected_average_profit(repeaters["frequency"], repeaters["monetary_value"])
    assert model.predict(repeaters) == pytest.approx(expected.to_numpy(), rel=1e-9)
    assert theirs.conditional_expected_average_profit()[spent["frequency"] > 0].to_numpy() == pytest.approx(expected)
    purchases = create("pareto_nbd", horizon_days=HORIZON_DAYS).fit(frame, frame["frequency"])
    assert isinstance(purchases, PurchaseModel)
    bought = frame[frame["frequency"] > 0].iloc[:40]
    columns = [pd.Series(column, bought.index) for column in (*weeks(bought), np.full(40, 30.0))]
    with np.errstate(divide="ignore"):  # it takes the logarithm of the nothing that is bought within no time
        value = theirs.customer_lifetime_value(purchases.to_lifetimes(), *columns, time=9, discount_rate=0, freq="W")
    each = model.predict(pd.DataFrame({"frequency": bought["frequency"], "monetary_value": 30.0}))
    seen = purchases.seen(bought)
    months = seen.spread(purchases.process.expected_purchases(purchases.params_, seen, horizon=9 * 4.345))
    assert value.to_numpy() == pytest.approx(months * each, rel=1e-6)


def test_bg_bb_too() -> None:
    """With the parameters of the donors of Fader, Hardie & Shang (2010)."""
    params = {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}
    rows = [(x, t, 6) for t in range(1, 7) for x in range(1, t + 1)]
    x, t_x, T = np.array([(0, 0, 6), *rows]).T
    seen = Opportunities.of(x=x, t_x=t_x, T=T)
    theirs = to_lifetimes(BgBb(), Fit(params, {}, -1.0, np.eye(4).tolist(), 22.0, 0.0, 1), seen)
    assert theirs.data.columns.tolist() == ["frequency", "recency", "n_periods", "weights"]
    expected = theirs.conditional_expected_number_of_purchases_up_to_time(5, seen.x, seen.t_x, seen.T)
    assert BgBb().expected_purchases(params, seen, horizon=5) == pytest.approx(np.asarray(expected), rel=1e-6)
    alive = theirs.conditional_probability_alive(0, seen.x, seen.t_x, seen.T)
    assert np.asarray(alive)[0] < np.asarray(alive)[-1] < 1


def test_what_lifetimes_does_not_have_is_refused(frame: pd.DataFrame) -> None:
    sexed = frame.assign(sex=np.arange(len(frame)) % 2)
    described = create("bgnbd", horizon_days=7, transaction_covariates=["sex"]).fit(sexed, frame["frequency"])
    assert isinstance(described, PurchaseModel)
    with pytest.raises(ValueError, match="lifetimes has no BG/NBD with covariates; it has BG/NBD, MBG/NBD, Pareto/NBD"):
        described.to_lifetimes()
    with pytest.raises(ValueError, match="not fitted"):
        create("bgnbd", horizon_days=7).to_lifetimes()  # type: ignore[attr-defined]


def test_a_fresh_process_keeps_filters_options_and_pickle_and_sees_no_warning() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", FENCED], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_models_alone_do_not_import_lifetimes() -> None:
    code = "import sys, models.estimators\nassert 'lifetimes' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
