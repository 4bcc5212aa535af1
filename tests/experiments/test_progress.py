"""The progress bar: names the step at hand, counts those done, and is full at the end."""

import io

import pytest
from rich.console import Console

from experiments.progress import rows, steps


def shown(total: int, names: list[str]) -> str:
    out = io.StringIO()
    with steps("walk", total, console=Console(file=out, width=100)) as step:
        for name in names:
            step(name)
    return out.getvalue()


def test_at_the_end_it_is_full_and_says_what_it_was_for() -> None:
    line = shown(3, ["load", "train", "score"])
    assert "walk" in line
    assert "3/3" in line
    assert "score" not in line


def test_steps_that_were_left_out_count_as_done() -> None:
    assert "4/4" in shown(4, ["load"])


def test_a_failure_passes_and_leaves_the_step_it_happened_in() -> None:
    out = io.StringIO()

    def failing() -> None:
        with steps("walk", 3, console=Console(file=out, width=100)) as step:
            for name in ("load", "train"):
                step(name)
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        failing()
    assert "walk: train" in out.getvalue()
    assert "1/3" in out.getvalue()


def test_a_bar_of_rows_ends_full_and_names_what_is_done() -> None:
    out = io.StringIO()
    with rows("score", console=Console(file=out, width=120)) as told:
        told("features", 0, 0)
        for done in (100, 250):
            told("block", done, 250)
    assert "250/250" in out.getvalue()


def test_a_bar_of_rows_whose_number_nobody_knows() -> None:
    out = io.StringIO()
    with rows("score", console=Console(file=out, width=120)) as told:
        told("features", 0, 0)
    assert "0/?" in out.getvalue()
