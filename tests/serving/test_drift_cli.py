"""`augury drift` as a process: its exit codes, and its report as JSON."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from configs.settings import SILENCE, Settings
from configs.study import Study
from experiments.cli import main
from experiments.runs import Deployment
from experiments.study import prepare
from features.datasets.simulator import simulate
from features.engine.door import admit

CUSTOMERS, LEARNED, DEARER = 1500, "2025-07-01", 1.32
STUDY = {
    "title": "Watched",
    "dataset": "watched",
    "population": "known",
    "target": "churned",
    "horizon_days": 91,
    "features": ["rfm", "discount"],
    "models": {"boosted": {"rounds": 5}},
    "champion": "boosted",
    "cutoffs": {"first": "2025-06-03", "step_days": 28, "test": ["2025-09-30"]},
}
Ended = Mapping[str, "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    return simulate(CUSTOMERS, seed=3).tables["transactions"]


@pytest.fixture(scope="module")
def files(sales: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the shop's sales, and four others: dearer by a third, in cents, of few customers, and without discounts."""
    folder, everyone = tmp_path_factory.mktemp("datasets"), sorted(sales["customer_id"].unique())
    money = ["amount", "discount"]
    written = {
        "same": sales,
        "dearer": sales.assign(amount=sales["amount"] * DEARER),
        "cents": sales.assign(**{name: sales[name] * 100 for name in money}),
        "few": sales[sales["customer_id"].isin(everyone[:150])],
        "undiscounted": sales.drop(columns="discount"),
    }
    for name, table in written.items():
        table.to_parquet(folder / f"{name}.parquet")
        (folder / f"{name}.toml").write_text(f'[tables.transactions]\nparquet = "{name}.parquet"\n', encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def var(sales: pd.DataFrame, store_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Register a champion that has learned from the shop's sales."""
    folder = tmp_path_factory.mktemp("watched")
    shutil.copy(store_uri.removeprefix("sqlite:///"), folder / "mlflow.db")
    made = Deployment.open(Settings.read({"AUGURY_VAR": str(folder)}))
    history = admit("watched", {"transactions": sales})
    prepared = prepare("watched", Study.model_validate(STUDY), step=lambda what: None, history=history)
    made.record(prepared, prepared.judge(step=lambda what: None))
    return folder


ASKED = {
    "dearer": ["dearer", "--json"],
    "dearer, warned of": ["dearer", "--warn"],
    "cents": ["cents"],
}


def _command(files: Path, dataset: str, *options: str) -> list[str]:
    return ["drift", "watched", "--cutoff", LEARNED, "--dataset", str(files / f"{dataset}.toml"), *options]


@pytest.fixture(scope="module")
def ended(var: Path, files: Path) -> Ended:
    """Run the command as processes of their own, two at a time."""
    here = {**os.environ, "AUGURY_VAR": str(var), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    here.pop("AUGURY_MLFLOW", None)

    def drift(asked: list[str]) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "experiments", *_command(files, *asked)]
        return subprocess.run(command, env=here, capture_output=True, text=True, timeout=120)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(ASKED, pool.map(drift, ASKED.values()), strict=True))


@pytest.fixture
def here(
    var: Path, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the command in this process, which spares the imports; gives exit code, output and errors."""
    for name, value in {**SILENCE, "AUGURY_VAR": str(var)}.items():
        monkeypatch.setenv(name, value)

    def drift(*asked: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["augury", *_command(files, *asked)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capsys.readouterr()

    return drift


@pytest.mark.parametrize(("asked", "code"), [("dearer", 0), ("dearer, warned of", 10), ("cents", 20)])
def test_the_exit_code_says_what_was_found(ended: Ended, asked: str, code: int) -> None:
    assert ended[asked].returncode == code, ended[asked].stderr
    assert "Traceback" not in ended[asked].stderr


def test_the_same_data_do_not_drift(here: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = here("same", "--json")
    report = json.loads(out)
    assert (code, report["code"], report["status"], report["problem"]) == (0, 0, "ok", "")
    assert (report["model"], report["trained_to"], report["cutoff"]) == ("watched", LEARNED, LEARNED)
    assert report["rows"] > 1000
    assert {finding["psi"] for finding in report["findings"]} == {0.0}
    assert {"score", "days_since_last", "discount_share"} < {finding["column"] for finding in report["findings"]}


def test_few_rows_are_not_judged(here: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = here("few", "--json")
    report = json.loads(out)
    assert (code, report["code"], report["status"], report["findings"]) == (30, 30, "insufficient", [])
    assert report["problem"].endswith("rows are too few to judge; 200 are needed")


def test_nobody_is_too_few_to_judge(here: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = here("same", "--cutoff", "2020-01-01", "--json")
    assert (code, json.loads(out)["problem"]) == (30, "0 rows are too few to judge; 200 are needed")


def test_a_column_that_is_gone_breaks_the_contract(here: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = here("undiscounted", "--json")
    assert (code, out) == (40, "")
    assert err.startswith(
        "augury: discount_share needs the columns ['discount'] of transactions; undiscounted has cust"
    )


def test_a_warning_is_in_the_report_whatever_the_exit_code(ended: Ended) -> None:
    report = json.loads(ended["dearer"].stdout)
    assert (report["code"], report["status"]) == (10, "warn")
    found = {finding["column"]: finding["severity"] for finding in report["findings"]}
    assert (found["mean_day_spend"], found["spend"], found["days_since_last"]) == ("warn", "reported", "ok")
    assert "mean_day_spend" in ended["dearer, warned of"].stdout


def test_an_alert_is_shown(ended: Ended) -> None:
    shown = ended["cents"].stdout
    assert f"watched at {LEARNED} against {LEARNED}: ALERT" in shown
    assert "mean_day_spend" in shown
    assert "days_since_last" not in shown
