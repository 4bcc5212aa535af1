"""The six folders are top-level packages: they must be ours and nobody else's, and importing them changes nothing."""

import ast
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tomllib
from importlib.machinery import PathFinder
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("configs", "features", "models", "training", "serving", "experiments")


def test_they_are_those_that_are_built() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == list(PACKAGES)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_folder_that_is_imported_is_the_one_here(name: str) -> None:
    package = importlib.import_module(name)
    assert [Path(path) for path in package.__path__] == [ROOT / name]


@pytest.mark.parametrize("name", PACKAGES)
def test_nothing_else_that_is_installed_has_a_module_of_that_name(name: str) -> None:
    assert set(packages_distributions().get(name, [])) <= {"augury"}
    elsewhere = [path for path in sys.path if Path(path or ".").resolve() != ROOT]
    assert [path for path in elsewhere if PathFinder.find_spec(name, [path])] == []


def test_no_module_lies_beside_them() -> None:
    assert list(ROOT.glob("*.py")) == []


def modules() -> list[str]:
    """Name every module of the six packages; MLflow alone runs `models.registry.pyfunc`."""
    packages = [importlib.import_module(name) for name in PACKAGES]
    found = [
        each.name for package in packages for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    return sorted({*PACKAGES, *found} - {"experiments.__main__", "models.registry.pyfunc"})


def foreign() -> list[str]:
    """Name every module of others that ours import, wherever in a file."""
    found: set[str] = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.add(node.module)
    return sorted(name for name in found if name.partition(".")[0] not in PACKAGES)


IMPORTING = """
import importlib, json, logging, os, random, sys, warnings

def now():
    import mlflow, numpy, pandas
    return {
        "environment": dict(os.environ),
        "folder": sorted(os.listdir()),
        "filters": repr(warnings.filters),
        "pandas": pandas.describe_option("", _print_desc=False),
        "tracking": mlflow.get_tracking_uri(),
        "logging": [logging.getLogger().level, len(logging.getLogger().handlers), logging.getLogger("mlflow").level],
        "path": sys.path,
        "random": [repr(random.getstate()), repr(numpy.random.get_state())],
        "numpy": [repr(numpy.geterr()), repr(numpy.get_printoptions())],
    }

foreign, ours = json.loads(sys.argv[1])

def load(name):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        optional = ("featuretools", "polars", "pymc_marketing", "pyspark", "splink")
        if error.name.partition(".")[0] not in optional:
            raise

for name in foreign:
    load(name)
before = now()
for name in ours:
    load(name)
after = now()
print("changed:", *(key for key in before if before[key] != after[key]))
"""


def test_importing_them_changes_nothing(tmp_path: Path) -> None:
    """Beyond what the libraries they use do themselves: not the folder, the environment, filters, options, chance."""
    (tmp_path / "here").mkdir()
    ours = modules()
    assert {"serving.service", "experiments.cli", "features.datasets.cdnow", "models.booster"} <= set(ours)
    done = subprocess.run(
        [sys.executable, "-c", IMPORTING, json.dumps([foreign(), ours])],
        cwd=tmp_path / "here",
        env={**os.environ, "BENTOML_HOME": str(tmp_path / "bentoml"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "changed:"
    assert list((tmp_path / "here").iterdir()) == []
