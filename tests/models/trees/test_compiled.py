"""Compiled loops: kept where they can be, compiled anew where not."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from models.trees import explain, link, predict
from models.trees.compiled import compiled

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


@pytest.mark.parametrize("module", [explain, link, predict])
def test_loops_call_those_of_their_own_file(module: ModuleType) -> None:
    """What is kept of a loop would else outlive a change of the other file."""
    made = [each for each in vars(module).values() if hasattr(each, "py_func")]
    assert {each.py_func.__module__ for each in made} == {module.__name__}


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
