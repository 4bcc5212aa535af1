"""The command line as its users run it, with a folder of its own, and a small study."""

import contextlib
import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments import study
from experiments.cli import main
from tests.experiments.pages import KINDS, written

STUDY = """
title = "CDNOW's tenth: who leaves"
dataset = "cdnow_sample"
population = "known"
target = "churned"
horizon_days = 91
features = ["rfm"]
champion = "boosted"
baseline = "base_rate"

[cutoffs]
first = 1997-07-01
step_days = 60
test = [1998-03-31]

[models.base_rate]
[models.rfm_logistic]
[models.boosted]
rounds = 20
"""


Answer = subprocess.CompletedProcess[str]
Augury = Callable[..., Answer]


@pytest.fixture(scope="session")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a study of 2,357 customers that trains in a second."""
    path = tmp_path_factory.mktemp("studies") / "small.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="session")
def var(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """Make a var folder, with an empty store in it."""
    folder = tmp_path_factory.mktemp("var")
    shutil.copy(empty_store, folder / "mlflow.db")
    return folder


@pytest.fixture(scope="session")
def augury(var: Path) -> Augury:
    """Call the command line in this process: `augury("train", study)`. Results of studies go to `var`, too."""

    def called(*arguments: str | Path) -> Answer:
        out, err, code = io.StringIO(), io.StringIO(), 0
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            patch.setenv("AUGURY_VAR", str(var))
            patch.delenv("AUGURY_MLFLOW", raising=False)
            patch.setenv("COLUMNS", "200")
            patch.setattr(study, "STUDIES", var / "studies")
            patch.setattr(sys, "argv", ["augury", *map(str, arguments)])
            try:
                main()
            except SystemExit as end:
                code = int(end.code or 0)
        return Answer(arguments, code, out.getvalue(), err.getvalue())

    return called


@pytest.fixture(scope="session")
def champion(augury: Augury, small_study: Path) -> Answer:
    """Train the small study's champion; its name is `small`."""
    return augury("train", small_study)


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Write the pages of a record of each kind."""
    folder = tmp_path_factory.mktemp("pages")
    return {name: written(made(), folder / name) for name, made in KINDS.items()}
