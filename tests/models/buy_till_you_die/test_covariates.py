"""Covariates: known coefficients are found again, none is the process without, and what no data can tell is refused."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.buy_till_you_die.bgnbd import BgNbd, MbgNbd
from models.buy_till_you_die.covariates import DescribedHistories, WithCovariates, check_identified, fit_described
from models.buy_till_you_die.fit import fit
from models.buy_till_you_die.histories import Floats, Histories
from models.buy_till_you_die.pareto_nbd import ParetoNbd
from models.buy_till_you_die.process import Purchases
from models.estimators import create

PROCESSES: list[Purchases] = [BgNbd(), MbgNbd(), ParetoNbd()]
KNOWN: Mapping[str, Mapping[str, float]] = {
    "BG/NBD": {"r": 0.8, "alpha": 6.0, "a": 0.9, "b": 2.5},
    "MBG/NBD": {"r": 0.8, "alpha": 6.0, "a": 0.9, "b": 2.5},
    "Pareto/NBD": {"r": 0.8, "alpha": 6.0, "s": 0.7, "beta": 9.0},
}
EFFECTS = {"lifetime:female": -0.6, "lifetime:age": 0.5, "transaction:age": 0.4, "transaction:online": 0.7}
TITLES = [process.title for process in PROCESSES]


def described(process: Purchases) -> WithCovariates:
    return WithCovariates(process, transaction=("age", "online"), lifetime=("female", "age"))


def people(n: int, rng: np.random.Generator) -> dict[str, Floats]:
    return {
        "female": rng.integers(0, 2, n).astype(float),
        "age": np.round(rng.normal(size=n), 1),
        "online": rng.integers(0, 2, n).astype(float),
    }


def scores(z: Mapping[str, Floats], part: str) -> Floats:
    found = [effect * z[name.partition(":")[2]] for name, effect in EFFECTS.items() if name.startswith(part)]
    return np.asarray(sum(found), dtype=np.float64)


def lives(title: str, z: Mapping[str, Floats], rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Let customers live, purchase after purchase, as Fader & Hardie (2007) tell it; gives x, t_x and T."""
    p, n = KNOWN[title], len(z["age"])
    T = rng.integers(40, 90, n).astype(float)
    rates = rng.gamma(p["r"], size=n) / (p["alpha"] * np.exp(-scores(z, "transaction")))
    if title == "Pareto/NBD":
        leaves = rng.exponential(size=n) / (rng.gamma(p["s"], size=n) / (p["beta"] * np.exp(-scores(z, "lifetime"))))
        chance, end = np.zeros(n), np.minimum(leaves, T)
    else:
        longer = np.exp(scores(z, "lifetime"))
        chance, end = rng.beta(p["a"] * longer, p["b"] * longer), T
    x, t_x, now = np.zeros(n), np.zeros(n), np.zeros(n)
    alive = rng.random(n) >= (chance if title == "MBG/NBD" else 0)
    while alive.any():
        now = now + rng.exponential(size=n) / rates
        buys = alive & (now < end)
        x, t_x = x + buys, np.where(buys, now, t_x)
        alive = buys & (rng.random(n) >= chance)
    return x, t_x, T


def simulated(process: Purchases, n: int, seed: int) -> DescribedHistories:
    rng = np.random.default_rng(seed)
    z = people(n, rng)
    x, t_x, T = lives(process.title, z, rng)
    return DescribedHistories.among(Histories.of(x=x, t_x=t_x, T=T), z)


@pytest.mark.parametrize("process", PROCESSES, ids=TITLES)
def test_known_coefficients_are_found_again(process: Purchases) -> None:
    found = fit(described(process), simulated(process, 6000, seed=2), prior_sd=None)
    for name, true in {**KNOWN[process.title], **EFFECTS}.items():
        assert abs(found.params[name] - true) < 3 * found.standard_errors[name], name
    for name in EFFECTS:
        assert found.standard_errors[name] < 0.2
        assert abs(found.params[name]) > 2 * found.standard_errors[name]


@pytest.mark.parametrize("process", PROCESSES, ids=TITLES)
def test_the_slopes_are_those_of_the_likelihood(process: Purchases) -> None:
    both, seen = described(process), simulated(process, 200, seed=3)
    params = {**KNOWN[process.title], **EFFECTS}
    _, slopes = both.log_likelihood(params, seen)
    assert [each.name for each in both.parameters] == list(params)
    for name, slope in zip(params, slopes, strict=True):
        up, down, more, less = (
            both.log_likelihood({**params, name: params[name] + by * 1e-3}, seen)[0] for by in (1, -1, 2, -2)
        )
        assert slope == pytest.approx((8 * (up - down) - (more - less)) / 12e-3, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("process", PROCESSES, ids=TITLES)
def test_without_effect_it_is_the_process_without(process: Purchases) -> None:
    both, seen = described(process), simulated(process, 300, seed=4)
    plain = KNOWN[process.title]
    none = {**plain, **dict.fromkeys(EFFECTS, 0.0)}
    value, slopes = both.log_likelihood(none, seen)
    alone, inner = process.log_likelihood(plain, seen)
    assert value.tolist() == alone.tolist()
    assert slopes[:4].tolist() == inner.tolist()
    draws = [
        each.simulated_purchases(none, seen, horizon=9.0, rng=np.random.default_rng(1)) for each in (both, process)
    ]
    for one, other in (
        (both.p_alive(none, seen), process.p_alive(plain, seen)),
        (both.p_silent(none, seen, horizon=9.0), process.p_silent(plain, seen, horizon=9.0)),
        (both.p_counts(none, seen, horizon=9.0, most=3), process.p_counts(plain, seen, horizon=9.0, most=3)),
        (both.expected_purchases(none, seen, horizon=9.0), process.expected_purchases(plain, seen, horizon=9.0)),
        (
            both.discounted_purchases(none, seen, horizon=9.0, rate=0.01),
            process.discounted_purchases(plain, seen, horizon=9.0, rate=0.01),
        ),
        (both.next_purchase(none, seen), process.next_purchase(plain, seen)),
        (both.expected_of_new(none, np.array([3.0])), process.expected_of_new(plain, np.array([3.0]))),
        (draws[0], draws[1]),
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("process", PROCESSES, ids=TITLES)
def test_a_customer_is_as_one_of_a_process_with_their_parameters(process: Purchases) -> None:
    both, seen = described(process), simulated(process, 60, seed=5)
    params = {**KNOWN[process.title], **EFFECTS}
    together = both.expected_purchases(params, seen, horizon=20.0)
    silent = both.p_silent(params, seen, horizon=20.0)
    for row in range(0, len(seen.x), 7):
        z = {name: values[[row]] for name, values in seen.described.items()}
        often, soon = np.exp(scores(z, "transaction"))[0], np.exp(scores(z, "lifetime"))[0]
        own = {"alpha": 1 / often, "beta": 1 / soon, "a": soon, "b": soon}
        mine = {name: value * own.get(name, 1.0) for name, value in KNOWN[process.title].items()}
        one = Histories.of(x=seen.x[[row]], t_x=seen.t_x[[row]], T=seen.T[[row]])
        assert process.expected_purchases(mine, one, horizon=20.0)[0] == pytest.approx(together[row], rel=1e-12)
        assert process.p_silent(mine, one, horizon=20.0)[0] == pytest.approx(silent[row], rel=1e-12)


@pytest.mark.parametrize("process", PROCESSES, ids=TITLES)
def test_the_scale_of_covariates_is_no_matter(process: Purchases) -> None:
    """Ages of 20 to 70 and incomes: a coefficient is by so much less, alpha and beta are those of age 0."""
    both, seen = described(process), simulated(process, 2000, seed=8)
    plain = fit(both, seen, prior_sd=None)
    for scale, shift in ((10.0, 45.0), (1e4, 3e4)):
        z = {**seen.described, "age": seen.described["age"] * scale + shift}
        odd = DescribedHistories(seen.x, seen.t_x, seen.T, seen.weight, seen.which, z)
        found = fit_described(both, odd, prior_sd=None)
        assert found.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-9)
        for part in ("lifetime:age", "transaction:age"):
            assert found.params[part] * scale == pytest.approx(plain.params[part], rel=1e-4)
            assert found.standard_errors[part] * scale == pytest.approx(plain.standard_errors[part], rel=1e-4)
        moved = plain.params["transaction:age"] * shift / scale
        assert found.params["alpha"] == pytest.approx(plain.params["alpha"] * np.exp(moved), rel=1e-3)
        silent = [both.p_silent(each.params, on, horizon=9.0) for each, on in ((found, odd), (plain, seen))]
        np.testing.assert_allclose(silent[0], silent[1], rtol=1e-4)


def test_covariance_is_of_the_covariates_as_given() -> None:
    """As without moving them: the Hessian at the top is the same function's."""
    both, seen = described(ParetoNbd()), simulated(ParetoNbd(), 2000, seed=8)
    one, other = fit(both, seen, prior_sd=None), fit_described(both, seen, prior_sd=None)
    assert other.params == pytest.approx(one.params, rel=1e-5)
    assert other.standard_errors == pytest.approx(one.standard_errors, rel=1e-4)
    np.testing.assert_allclose(other.covariance, one.covariance, rtol=1e-3, atol=1e-7)


def test_customers_alike_in_all_are_one_row() -> None:
    x, t_x, T = [1, 1, 1, 0, 1], [3, 3, 3, 0, 3], [9, 9, 9, 9, 9]
    z: dict[str, list[float]] = {"female": [1, 0, 1, 0, 1], "age": [2.5, 2.5, 2.5, 2.5, 2.0]}
    weight = [1, 2, 3, 4, 5]
    seen = DescribedHistories.among(Histories.of(x=x, t_x=t_x, T=T, weight=weight), z, weight)
    rows = zip(seen.x, seen.described["female"], seen.described["age"], seen.weight, strict=True)
    assert sorted(rows) == [(0, 0, 2.5, 4), (1, 0, 2.5, 2), (1, 1, 2, 5), (1, 1, 2.5, 4)]
    for name, given in {**z, "x": x}.items():
        values = seen.x if name == "x" else seen.described[name]
        assert seen.spread(values).tolist() == given
    halved = seen.per(2.0)
    assert halved.T.tolist() == [4.5] * 4
    assert halved.described is seen.described


def test_customers_twice_over_are_customers_of_weight_two() -> None:
    process = described(ParetoNbd())
    seen = simulated(ParetoNbd(), 400, seed=6)
    x, t_x, T = (seen.spread(values) for values in (seen.x, seen.t_x, seen.T))
    z = {name: seen.spread(values) for name, values in seen.described.items()}
    twice = DescribedHistories.among(
        Histories.of(x=np.tile(x, 2), t_x=np.tile(t_x, 2), T=np.tile(T, 2)), {k: np.tile(v, 2) for k, v in z.items()}
    )
    weighed = DescribedHistories.among(Histories.of(x=x, t_x=t_x, T=T), z, np.full(400, 2.0))
    one, other = fit(process, twice), fit(process, weighed)
    assert one == other
    once = fit(process, seen, prior_sd=None)
    assert fit(process, twice, prior_sd=None).params == pytest.approx(once.params, rel=1e-6)


def test_refusals() -> None:
    plain = Histories.of(x=[1, 0], t_x=[2, 0], T=[5, 5])
    process = described(ParetoNbd())
    with pytest.raises(TypeError, match="DescribedHistories"):
        process.p_alive({**KNOWN["Pareto/NBD"], **EFFECTS}, plain)
    with pytest.raises(ValueError, match=r"1 of 2 customers \(first: row 1\) have a null or infinite covariate 'age'"):
        DescribedHistories.among(plain, {"age": [1, np.nan]})
    x = np.array([0, 1, 2, 3.0])
    many = Histories.of(x=x, t_x=x, T=x + 1)
    z = {"female": [0, 1, 0, 1], "male": [1, 0, 1, 0], "one": [1, 1, 1, 1]}
    seen = DescribedHistories.among(many, z)
    check_identified(seen, ["female"])
    check_identified(plain, [])
    with pytest.raises(ValueError, match=r"\['one'\] are the same for all"):
        check_identified(seen, ["female", "one"])
    with pytest.raises(ValueError, match="leave one of them out"):
        check_identified(seen, ["female", "male"])


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Give a frame as a study's: days, and an attribute of the customers."""
    seen = simulated(ParetoNbd(), 3000, seed=7)
    columns = {
        "frequency": seen.x,
        "recency_days": seen.t_x * 7,
        "tenure_days": seen.T * 7,
        "customers.gender=F": seen.described["female"],
        "age": seen.described["age"],
        "online": seen.described["online"],
    }
    return pd.DataFrame({name: seen.spread(values) for name, values in columns.items()})


@pytest.mark.parametrize("name", ["bgnbd", "pareto_nbd"])
def test_a_model_names_columns_as_its_covariates(frame: pd.DataFrame, name: str) -> None:
    asked: dict[str, Any] = {
        "transaction_covariates": ["age", "online"],
        "lifetime_covariates": ["customers.gender=F", "age"],
    }
    model = create(name, horizon_days=70, **asked).fit(frame, frame["frequency"])
    assert model.requires == (
        *("frequency", "recency_days", "tenure_days"),
        *("age", "online", "customers.gender=F"),
    )
    found = model.state()["params"]
    assert list(found)[4:] == [
        *("lifetime:customers.gender=F", "lifetime:age"),
        *("transaction:age", "transaction:online"),
    ]
    assert found["transaction:online"] > 0.4
    assert found["lifetime:customers.gender=F"] < 0
    again = create(name, horizon_days=70, **asked).restore(model.state())
    assert again.predict(frame).tolist() == model.predict(frame).tolist()
    more = model.predict(frame.assign(online=1.0)) / model.predict(frame.assign(online=0.0))
    assert (more[frame["frequency"] == 0] != 1).all()


def test_a_model_says_which_covariate_it_cannot_use(frame: pd.DataFrame) -> None:
    def fitted(column: str, X: pd.DataFrame) -> None:
        create("pareto_nbd", horizon_days=70, lifetime_covariates=[column]).fit(X, X["frequency"])

    with pytest.raises(ValueError, match=r"lacks the features \['height'\]"):
        fitted("height", frame)
    with pytest.raises(ValueError, match=r"\['gender'\] are no numbers"):
        fitted("gender", frame.assign(gender="F"))
    with pytest.raises(ValueError, match="null or infinite covariate 'age'"):
        fitted("age", frame.assign(age=frame["age"].where(frame.index != 3)))
    with pytest.raises(ValueError, match=r"\['age'\] are the same for all"):
        fitted("age", frame.assign(age=2.0))


@pytest.mark.parametrize("process", PROCESSES, ids=TITLES)
def test_codes_for_unknown_are_refused_and_what_is_odd_is_a_number(process: Purchases) -> None:
    """A coefficient of a year is small; 99,999 years are a code, and would make a parameter of exp(±5,000)."""
    params = {**KNOWN[process.title], "lifetime:age": 0.05, "transaction:age": -0.05}
    made = WithCovariates(process, transaction=("age",), lifetime=("age",))

    def asked(*ages: float) -> DescribedHistories:
        one = np.ones(len(ages))
        return DescribedHistories(2 * one, 20 * one, 39 * one, one, np.arange(len(ages)), {"age": np.array(ages)})

    odd = made.expected_purchases(params, asked(-300.0, 40.0, 300.0), horizon=52.0)
    assert (np.isfinite(odd) & (odd >= 0)).all()
    for code in (-99_999.0, 99_999.0):
        with pytest.raises(ValueError, match=r"1 of 2 customers \(first: row 1\) have covariates that make"):
            made.expected_purchases(params, asked(40.0, code), horizon=52.0)


def test_who_weighs_nothing_says_nothing_of_covariates() -> None:
    rng = np.random.default_rng(3)
    z = {"age": rng.normal(size=900)}
    x, t_x, T = lives("BG/NBD", {**z, "female": 0 * z["age"], "online": 0 * z["age"]}, rng)
    made = WithCovariates(BgNbd(), transaction=("age",), lifetime=())
    alone = DescribedHistories.among(Histories.of(x=x, t_x=t_x, T=T), z)
    more = {"x": np.append(x, np.zeros(300)), "t_x": np.append(t_x, np.zeros(300)), "T": np.append(T, np.ones(300))}
    weight = np.append(np.ones(900), np.zeros(300))
    ages = {"age": np.append(z["age"], 1000 + np.arange(300.0))}
    beside = DescribedHistories.among(Histories.of(**more, weight=weight), ages, weight)
    found, again = (fit_described(made, each).params for each in (alone, beside))
    assert again == pytest.approx(found, rel=1e-6)
    same = {"age": np.append(np.ones(900), np.arange(300.0))}
    with pytest.raises(ValueError, match=r"\['age'\] are the same for all customers"):
        check_identified(DescribedHistories.among(Histories.of(**more, weight=weight), same, weight), ["age"])
