"""Compiled loops: kept where they can be, compiled anew where not."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from models.trees.compiled import compiled

ROOT = Path(__file__).parents[3]
LOOP = "def doubled(x):\n    return 2 * x\n"


def test_a_loop_of_a_file_is_kept_beside_it(tmp_path: Path) -> None:
    source = tmp_path / "loop.py"
    source.write_text(f"from models.trees.compiled import compiled\n\n@compiled\n{LOOP}\nprint(doubled(4))\n")
    root = Path(__file__).parents[3]
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, source], env={"PYTHONPATH": str(root)}, capture_output=True, text=True, check=True
        )
        assert done.stdout == "8\n"
    kept = sorted(each.suffix for each in tmp_path.glob("__pycache__/loop.doubled*"))
    assert kept == [".nbc", ".nbi"]


def _run(source: str, cache: Path) -> str:
    """Run a program whose loops are kept in a folder; gives what it said."""
    environment = {"PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", source], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def _kept(cache: Path) -> list[Path]:
    return sorted(cache.rglob("*.nbc"))


def test_a_loop_is_compiled_anew_when_another_file_of_its_folder_changes(tmp_path: Path) -> None:
    folder, cache = tmp_path / "loops", tmp_path / "cache"
    folder.mkdir()
    (folder / "loop.py").write_text(
        "from models.trees.compiled import compiled\nfrom other import of\n\n"
        "@compiled\ndef asked(x):\n    return of(x)\n"
    )
    said = []
    for factor in (2, 2, 3):
        (folder / "other.py").write_text(f"from numba import njit\n\n@njit\ndef of(x):\n    return {factor} * x\n")
        ask = f"import sys; sys.path.insert(0, {str(folder)!r}); from loop import asked; print(asked(4))"
        said.append((_run(ask, cache), len(_kept(cache))))
    assert said == [("8\n", 1), ("8\n", 1), ("12\n", 1)]


def test_the_loop_that_explains_is_compiled_once_for_all_processes(tmp_path: Path) -> None:
    """What it is made of says the same in each, or each would keep one of its own."""
    source = (
        "import numpy as np; from tests.models.trees.boosters import fitted; from models.trees.forest import Forest\n"
        "from models.trees.contributions import Shapley\n"
        "shapley = Shapley.of(Forest.of(fitted('binary:logistic', rounds=3, depth=3)))\n"
        "print(shapley.contributions(np.zeros((1, shapley.width))).tolist())"
    )
    said = [(_run(source, tmp_path), _kept(tmp_path)) for _ in range(2)]
    assert said[0] == said[1]
    assert len([each for each in said[0][1] if "explain" in each.name]) == 1


def test_a_loop_that_cannot_be_kept_runs_all_the_same() -> None:
    """Code that is in no file has no place beside it, as a folder that is read only has none."""
    scope: dict[str, Any] = {}
    exec(compile(LOOP, "<nowhere>", "exec"), scope)
    assert compiled(scope["doubled"])(4) == 8


WRONG = {
    "no folder": "shutil.rmtree(kept); pathlib.Path(kept).touch()",
    "an empty list": "doubled(4.0); [each.write_bytes(b'') for each in pathlib.Path(kept).rglob('*.nbi')]",
    "a full disk": "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_place_that_goes_bad_before_the_first_call_is_no_error(wrong: str, tmp_path: Path) -> None:
    """The decoration found the folder; the loop runs first when it is gone."""
    source, kept, root = tmp_path / "loop.py", tmp_path / "kept", Path(__file__).parents[3]
    source.write_text(
        f"import pathlib, resource, shutil\nfrom models.trees.compiled import compiled\n\n@compiled\n{LOOP}\n"
        f"kept = {str(kept)!r}\nassert pathlib.Path(kept).is_dir()\n{WRONG[wrong]}\nassert doubled(4) == 8\n"
    )
    environment = {"PYTHONPATH": str(root), "NUMBA_CACHE_DIR": str(kept)}
    done = subprocess.run([sys.executable, source], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
