"""The benchmark of lifetime value at a tiny size: customers as their processes have it, systems that agree, bars."""

import json
import os
import subprocess
import sys
from math import exp, inf, lgamma, log, log1p
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta as beta_law
from scipy.stats import binned_statistic

from experiments.benchmarks.clv import data
from experiments.benchmarks.clv.cases import Case, cases
from experiments.benchmarks.clv.compare import compared, summed_up
from experiments.benchmarks.clv.data import TRUTH, draw, load
from experiments.benchmarks.clv.run import WORKER
from experiments.benchmarks.clv.systems import GROUPED, MAP, PEER, pymc_version, pythons
from experiments.benchmarks.clv.worker import cheapest, digest
from experiments.benchmarks.record import fresh

COUNT, WEEKS = 400_000, 78.0
T = np.full(COUNT, WEEKS)


def _close(values: "np.ndarray[Any, Any]", expected: float) -> None:
    """Check a mean of draws against what is expected, by four of its standard errors."""
    assert abs(values.mean() - expected) < 4 * values.std() / np.sqrt(len(values))


def test_customers_of_bgnbd_buy_and_stop_as_integrals_have_it() -> None:
    r, alpha, a, b = TRUTH["bgnbd"].values()
    x, t_x = data.bgnbd(np.random.default_rng(1), T)

    def none_by(t: float) -> float:
        return float((alpha / (alpha + t)) ** r)

    def bought(p: float) -> float:  # E[(1 − exp(−λ p T)) / p] over λ, eq. 7 of Fader, Hardie & Lee (2005)
        return (1 - none_by(p * WEEKS)) / p * float(beta_law.pdf(p, a, b))

    _close(x, quad(bought, 0, 1)[0])
    _close(x == 0, none_by(WEEKS))
    stayed = b / (a + b) * r * WEEKS * alpha**r / (alpha + WEEKS) ** (r + 1)
    left = a / (a + b) * (1 - none_by(WEEKS))
    _close(x == 1, stayed + left)
    to_the_first = quad(none_by, 0, WEEKS)[0] - WEEKS * none_by(WEEKS)  # E[time of the first, if within T]
    _close(np.where(x == 1, t_x, 0), stayed * WEEKS / 2 + a / (a + b) * to_the_first)
    assert ((t_x > 0) == (x > 0)).all()
    assert (t_x <= WEEKS).all()


def test_customers_of_pareto_nbd_buy_until_they_die() -> None:
    r, alpha, s, beta = TRUTH["pareto_nbd"].values()
    x, t_x = data.pareto_nbd(np.random.default_rng(2), T)

    def alive(t: float) -> float:
        return float((beta / (beta + t)) ** s)

    _close(x, r / alpha * quad(alive, 0, WEEKS)[0])

    def silent(t: float) -> float:  # nothing bought until a death at t
        return s / (beta + t) * alive(t) * float((alpha / (alpha + t)) ** r)

    _close(x == 0, quad(silent, 0, WEEKS)[0] + alive(WEEKS) * float((alpha / (alpha + WEEKS)) ** r))

    def once(t: float) -> float:  # E[time of the purchase, if there is one until t]
        return float(r * alpha**r / (alpha + t) ** (r + 1)) * t * t / 2

    _close(
        np.where(x == 1, t_x, 0),
        quad(lambda t: s / (beta + t) * alive(t) * once(t), 0, WEEKS)[0] + alive(WEEKS) * once(WEEKS),
    )
    assert ((t_x > 0) == (x > 0)).all()


def test_mean_amounts_are_those_of_gamma_gamma() -> None:
    p, q, v = TRUTH["gamma_gamma"].values()
    x = np.random.default_rng(3).integers(0, 6, COUNT)
    m = data.mean_amounts(np.random.default_rng(4), x)
    assert (m[x == 0] == 0).all()
    assert binned_statistic(x, m, bins=np.arange(7) - 0.5).statistic[1:] == pytest.approx(p * v / (q - 1), rel=0.01)
    second = v**2 / ((q - 1) * (q - 2))  # E[1 / ν²], ν ~ Gamma(q, v)
    _close(m[x == 5] ** 2, second * (p * 5 * (p * 5 + 1)) / 25)


def test_customers_are_the_same_from_the_same_seed_by_the_day_and_by_the_week(tmp_path: Path) -> None:
    for name in ("one", "other"):
        draw("bgnbd", 3000, folder=tmp_path / name)
    one, other = (load(tmp_path / name, 2000, unit="day") for name in ("one", "other"))
    weeks = load(tmp_path / "one", 2000, unit="week")
    for name, values in vars(one).items():
        assert len(values) == 2000
        assert (values == vars(other)[name]).all()
    days = one.T * 7
    assert np.allclose(days, np.rint(days), rtol=0, atol=1e-9)
    assert np.array_equal(weeks.T, np.rint(one.T))
    assert np.array_equal(weeks.t_x, np.rint(one.t_x))
    assert 52 <= weeks.T.min() < 54 < 102 < weeks.T.max() <= 104
    assert (weeks.t_x <= weeks.T).all()


def test_the_bars_are_at_their_sizes_and_a_fit_by_map_is_not_asked_of_the_largest() -> None:
    found = {case.name: case for case in cases()}
    assert {name: case.times for name, case in found.items() if case.times} == {
        "BG/NBD, 1M by the week": 10,
        "BG/NBD, 5M by the week": 40,
        "Pareto/NBD, 1M by the week": 50,
        "lifetime value of 12 months, 1M": 20,
    }
    assert [case.customers for case in found.values() if case.grows] == [
        100_000,
        300_000,
        1_000_000,
        3_000_000,
        5_000_000,
    ]
    assert [MAP in case.systems for case in found.values() if case.grows] == [True, True, False, False, False]
    assert {case.customers for case in cases(pareto=300_000) if case.work == "pareto_nbd"} == {300_000}


def _row(system: str, cpu_s: float, above_mb: float, likely: float, r: float) -> dict[str, Any]:
    params = {**TRUTH["bgnbd"], "r": r}
    told = {"case": "few", "system": system, "cpu_s": cpu_s, "above_mb": above_mb}
    return {**told, "params": params, "log_likelihood": likely}


def test_what_is_promised_is_promised_beside_lifetimes_as_it_is_called() -> None:
    case = Case("few", "bgnbd", 10, times=10.0)
    rows = [_row("augury", 0.2, 10, -100.011, 0.26), _row(PEER, 2.0, 30, -100.0, 0.25), _row(GROUPED, 0.1, 5, -99, 0.2)]
    plain, grouped = compared(case, rows)
    assert (plain["times"], plain["memory"], plain["bar"]) == (10.0, 0.333, 10.0)
    assert plain["held"] == {"times": True, "memory": True, "log_likelihood": False}
    assert plain["apart"] == pytest.approx(0.04)
    assert plain["off"] == {"ours": pytest.approx(0.04), "theirs": 0.0}
    assert (grouped["times"], grouped["memory"], "held" in grouped) == (0.5, 2.0, False)


def test_numbers_are_compared_where_both_have_one() -> None:
    told = {"case": "few", "cpu_s": 1.0, "above_mb": 1}
    ours = {**told, "system": "augury", **digest(np.array([1.0, 2.0, 3.0]))}
    theirs = {**told, "system": PEER, **digest(np.array([1.0, 2.2, np.nan]))}
    (found,) = compared(Case("few", "clv", 3), [ours, theirs])
    assert found["apart"] == pytest.approx(0.2 / 2.2, rel=1e-2)
    assert found["nulls"] == {"ours": 0, "theirs": 1}
    assert found["held"] == {}


def test_a_summary_is_compared_with_and_without_the_door() -> None:
    costs = {"augury kernel": (1.0, 100), "augury's door": (4.0, 50), "lifetimes": (10.0, 200)}
    rows = [{"case": "all", "system": name, "cpu_s": s, "peak_mb": mb} for name, (s, mb) in costs.items()]
    found = summed_up(rows)
    assert (found["times"], found["times, door included"], found["memory"]) == (10.0, 2.0, 0.5)


def test_memory_is_told_above_what_was_held_before() -> None:
    held = np.ones(10_000_000)
    answer, cost = cheapest(lambda: np.ones(5_000_000).cumsum())
    assert isinstance(answer, np.ndarray)
    assert cost["above_mb"] == pytest.approx(76, abs=12)
    assert cost["loaded_mb"] > held.nbytes / 2**20
    assert len(cost["cpu_of_runs"]) == 3
    assert cost["cpu_s"] == min(cost["cpu_of_runs"])


def test_a_python_without_pymc_marketing_is_not_asked(tmp_path: Path) -> None:
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho 1.2.3\n")
    fake.chmod(0o755)
    assert (pymc_version(fake), pythons(fake)[MAP]) == ("1.2.3", fake)
    fake.write_text("#!/bin/sh\nexit 1\n")
    assert pymc_version(fake) == ""
    assert MAP not in pythons(fake)


def _fitted(folder: Path, work: str, module: str, *, unit: str = "week") -> dict[str, Any]:
    told = {"work": work, "module": module, "customers": len(np.load(folder / "x.npy")), "unit": unit}
    return fresh(WORKER, {**told, "folder": str(folder), "runs": 1}, python=Path(sys.executable))


def test_fits_in_processes_of_their_own_find_the_same(tmp_path: Path) -> None:
    draw("bgnbd", 20_000, folder=tmp_path)
    ours, *others = (
        _fitted(tmp_path, "bgnbd", each, unit="day") for each in ("augury", "lifetimes_plain", "lifetimes_grouped")
    )
    for theirs in others:
        assert ours["params"] == pytest.approx(theirs["params"], rel=1e-3)
        assert ours["log_likelihood"] == pytest.approx(theirs["log_likelihood"], abs=0.01)
    assert ours["params"] == pytest.approx(TRUTH["bgnbd"], rel=0.2)
    by_hand = _by_hand(load(tmp_path, 20_000, unit="day"), ours["params"])
    assert ours["log_likelihood"] == pytest.approx(by_hand, abs=1e-4)


def test_fits_of_pareto_nbd_find_the_same(tmp_path: Path) -> None:
    draw("pareto_nbd", 8_000, folder=tmp_path)
    ours, theirs = (_fitted(tmp_path, "pareto_nbd", each) for each in ("augury", "lifetimes_grouped"))
    assert ours["params"] == pytest.approx(theirs["params"], rel=0.01)  # lifetimes stops short of the top
    assert ours["log_likelihood"] >= theirs["log_likelihood"] - 0.01
    assert ours["params"] == pytest.approx(TRUTH["pareto_nbd"], rel=0.2)


def _by_hand(seen: data.Customers, params: dict[str, float]) -> float:
    """Sum eq. 6 of Fader, Hardie & Lee (2005), customer by customer."""
    r, alpha, a, b = params.values()
    total = 0.0
    for x, t_x, age in zip(seen.x, seen.t_x, seen.T, strict=True):
        bought = lgamma(r + x) - lgamma(r) + r * log(alpha)
        stayed = _ln_beta(a, b + x) - _ln_beta(a, b) - (r + x) * log(alpha + age)
        left = _ln_beta(a + 1, b + x - 1) - _ln_beta(a, b) - (r + x) * log(alpha + t_x) if x > 0 else -inf
        total += bought + stayed + log1p(exp(left - stayed))
    return total


def _ln_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def test_the_command_finds_what_lifetimes_finds_and_writes_numbers_and_picture(tmp_path: Path) -> None:
    flags = ["--customers", "40000", "--works", "gamma_gamma", "clv", "--lines", "0"]
    command = [sys.executable, "-m", "experiments.benchmarks.clv", *flags]
    environment = {**os.environ, "AUGURY_VAR": str(tmp_path), "COLUMNS": "150"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert ("LEFT OUT: pymc-marketing MAP" in done.stdout) == (not pymc_version(Path(sys.executable)))
    found = json.loads((tmp_path / "benchmarks" / "clv.json").read_text())
    assert {"machine", "versions", "commit", "load", "apart", "truth", "compared"} < set(found)
    assert [(row["work"], row["customers"], row["system"]) for row in found["rows"]] == [
        ("gamma_gamma", 8000, "augury"),
        ("gamma_gamma", 8000, PEER),
        ("clv", 8000, "augury"),
        ("clv", 8000, PEER),
    ]
    assert all(row["cpu_s"] > 0 and row["loaded_mb"] > 50 and row["above_mb"] >= 0 for row in found["rows"])
    spend, value = found["compared"]
    assert spend["apart"] < 5e-3  # with our prior
    assert spend["log_likelihood"] > -0.01
    assert value["apart"] < 1e-9
    assert (tmp_path / "benchmarks" / "clv.png").read_bytes().startswith(b"\x89PNG")
