"""The lock of a deployment: what it is made of, and that it is up to date."""

import re

import pytest

from experiments.server import ROOT
from serving.deploy.lock import LOCK, deployed, made

HASH = "    --hash=sha256:" + "0" * 64
TEXT = "\n".join(
    f"{line} \\\n{HASH}"
    for line in (
        "click==8.3.0",
        "colorama==0.4.6 ; sys_platform == 'win32'",
        "jinja2==3.1.6",
        "markupsafe==3.0.3",
        "pytest==9.0.0",
    )
)


def test_it_is_what_the_projects_lock_makes() -> None:
    assert LOCK.read_text() == made(), "make it anew: python -m serving.deploy.lock"


def test_every_line_is_one_of_the_projects_lock() -> None:
    whole = (ROOT / "requirements.lock").read_text().splitlines()
    lines = LOCK.read_text().splitlines()
    assert set(lines) <= set(whole)
    assert all("--hash=sha256:" in line or "==" in line for line in lines)


def test_it_has_what_serves_and_not_what_tests() -> None:
    names = set(re.findall(r"(?m)^([a-z0-9._-]+)==", LOCK.read_text()))
    assert {"bentoml", "mlflow", "msgspec", "lmdb", "redis", "xgboost-cpu", "uvicorn", "duckdb", "pandas"} <= names
    assert not names & {"pytest", "mypy", "ruff", "hypothesis", "schemathesis", "import-linter", "pyspark", "xgboost"}


def test_what_a_package_needs_comes_along_and_what_nobody_needs_does_not() -> None:
    names = re.findall(r"(?m)^([a-z0-9-]+)==", deployed(TEXT, ["jinja2>=3"]))
    assert names == ["jinja2", "markupsafe"]


def test_what_is_for_other_systems_stays_out() -> None:
    for roots in (["click"], ["click", "colorama"], ["click", "colorama; sys_platform == 'win32'"]):
        assert deployed(TEXT, roots) == f"click==8.3.0 \\\n{HASH}\n"


def test_a_lock_that_lacks_something_is_told_of() -> None:
    with pytest.raises(ValueError, match="the lock lacks markupsafe; make it anew"):
        deployed(TEXT.replace("markupsafe==", "marked=="), ["jinja2"])
