"""`augury keys` as its users call it: a key from its making to its end."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from experiments.server import ROOT
from serving.safety.key_file import read_keys
from serving.safety.keys import Keys, NotAllowed

Answer = subprocess.CompletedProcess[str]
Augury = Callable[..., Answer]


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "keys.json"
    monkeypatch.setenv("AUGURY_KEYS", str(path))
    return path


def why(path: Path, key: str, at: datetime) -> str | None:
    try:
        Keys.read(path).who(key, at)
    except NotAllowed as told:
        return told.why
    return None


def added(augury: Augury, *more: str) -> str:
    said = augury("keys", "add", "CRM team", *more)
    assert said.returncode == 0, said.stderr
    return said.stdout.strip()


def test_a_key_is_printed_once_and_alone(augury: Augury, path: Path) -> None:
    said = augury("keys", "add", "CRM team", "--models", "churn, clv", "--actions", "score,explain", "--rate", "5")
    assert re.fullmatch("aug_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}\n", said.stdout)
    assert "is not shown again" in said.stderr
    [key] = read_keys(path)
    assert (key.name, key.models, key.actions) == ("CRM team", ("churn", "clv"), ("score", "explain"))
    assert (key.rate, key.burst, key.expires) == (5.0, 100.0, None)
    assert why(path, said.stdout.strip(), datetime.now(UTC)) is None
    assert said.stdout.strip().split("_")[2] not in path.read_text()


def test_the_list_shows_nothing_that_is_secret_and_cuts_nothing_off(augury: Augury, path: Path) -> None:
    models = ",".join(f"a_long_name_of_a_model_{number}" for number in range(20))
    presented = added(augury, "--models", models, "--expires", "2099-01-31")
    said = augury("keys", "list").stdout
    heading, row = said.splitlines()
    assert heading.split() == ["id", "name", "models", "actions", "rate", "burst", "created", "expires", "state"]
    assert re.split(r"  +", row)[:6] == [presented.split("_")[1], "CRM team", models, "*", "50", "100"]
    assert row.endswith("2099-01-31 00:00  good")
    assert presented.split("_")[2] not in said
    assert read_keys(path)[0].sha256 not in said


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2099-01-31", "2099-01-31T00:00:00+00:00"),
        ("2099-01-31T12:30", "2099-01-31T12:30:00+00:00"),
        ("2099-01-31T12:30+02:00", "2099-01-31T10:30:00+00:00"),
    ],
)
def test_a_key_expires_when_it_is_typed_in_utc(typed: str, meant: str, augury: Augury, path: Path) -> None:
    added(augury, "--expires", typed)
    assert read_keys(path)[0].expires == datetime.fromisoformat(meant)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--expires", "31.1.2099"), "--expires '31.1.2099' is not an ISO date or time such as 2027-01-31"),
        (("--expires", "2020-01-31"), "would have expired at 2020-01-31T00:00:00+00:00 already"),
        (("--actions", "scores"), "did you mean 'score'"),
        (("--models", ","), "models"),
        (("--rate", "0"), "rate"),
        (("--burst", "0"), "burst"),
    ],
)
def test_what_no_key_can_be_is_told(more: tuple[str, str], told: str, augury: Augury, path: Path) -> None:
    said = augury("keys", "add", "CRM", *more)
    assert said.returncode == 1
    assert told in said.stderr
    assert not path.exists()


def test_a_revoked_key_is_refused_and_listed_so(augury: Augury, path: Path) -> None:
    presented = added(augury)
    key_id = presented.split("_")[1]
    said = augury("keys", "revoke", key_id)
    assert said.stdout.startswith(f"{key_id} is revoked since {datetime.now(UTC):%Y-%m-%d}")
    assert augury("keys", "revoke", key_id).stdout == said.stdout
    assert why(path, presented, datetime.now(UTC)) == "revoked"
    assert augury("keys", "list").stdout.rstrip().endswith(f"revoked {datetime.now(UTC):%Y-%m-%d}")


def test_a_rotated_key_lives_on_beside_its_successor(augury: Augury, path: Path) -> None:
    old = added(augury, "--models", "churn")
    said = augury("keys", "rotate", old.split("_")[1], "--overlap-days", "2")
    new, now = said.stdout.strip(), datetime.now(UTC)
    assert f"{old.split('_')[1]} is good until {now + timedelta(days=2):%Y-%m-%d}" in said.stderr
    assert [why(path, each, now) for each in (old, new)] == [None, None]
    assert [why(path, each, now + timedelta(days=2.1)) for each in (old, new)] == ["expired", None]
    assert read_keys(path)[1].models == ("churn",)
    augury("keys", "rotate", new.split("_")[1], "--overlap-days", "0")
    assert [row.split()[-1] for row in augury("keys", "list").stdout.splitlines()[1:]] == ["good", "expired", "good"]


def test_a_week_is_the_overlap_unless_it_is_said(augury: Augury, path: Path) -> None:
    old = added(augury)
    augury("keys", "rotate", old.split("_")[1])
    expires = read_keys(path)[0].expires
    assert expires is not None
    assert expires - datetime.now(UTC) == pytest.approx(timedelta(days=7), abs=timedelta(minutes=1))


@pytest.mark.parametrize("days", ["4000000", "1e10", "3650.1", "nan", "inf", "-1"])
def test_an_overlap_that_is_none_is_told(days: str, augury: Augury, path: Path) -> None:
    old = added(augury).split("_")[1]
    before = path.read_text()
    said = augury("keys", "rotate", old, f"--overlap-days={days}")
    assert said.returncode == 1
    assert said.stderr == f"augury: --overlap-days is {float(days):g}; give days from 0 to 3650\n"
    assert path.read_text() == before


def test_a_key_that_expires_with_all_years_is_rotated(augury: Augury, path: Path) -> None:
    old = added(augury, "--expires", "9999-12-31T23:59:59.999999")
    assert augury("keys", "rotate", old.split("_")[1]).returncode == 0
    expires = read_keys(path)[1].expires
    assert expires is not None
    assert expires.year == 9999


def test_a_model_that_nobody_knows_is_told_and_the_key_made(augury: Augury, path: Path, champion: Answer) -> None:
    assert champion.returncode == 0, champion.stderr
    said = augury("keys", "add", "CRM", "--models", "smal,small")
    assert said.returncode == 0
    (told,) = said.stderr.splitlines()[1:]
    assert told.startswith("warning: unknown model 'smal'; did you mean 'small'? Known: ")  # and what others trained
    assert read_keys(path)[0].models == ("smal", "small")
    for models in ("small", "*"):
        assert "warning" not in augury("keys", "add", "CRM", "--models", models).stderr


@pytest.mark.parametrize("pack", [False, True], ids=["no registry", "no pack"])
def test_where_no_registry_is_at_hand_none_is_made_and_nothing_told(pack: bool, path: Path, tmp_path: Path) -> None:
    said = {"AUGURY_VAR": str(tmp_path / "var"), "AUGURY_PACK": str(tmp_path / "pack") if pack else ""}
    command = [sys.executable, "-m", "experiments", "keys", "add", "CRM", "--models", "small"]
    done = subprocess.run(command, env={**os.environ, **said}, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "warning" not in done.stderr
    assert len(read_keys(path)) == 1
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("command", ["revoke", "rotate"])
def test_an_unknown_id_is_told(command: str, augury: Augury) -> None:
    key_id = added(augury).split("_")[1]
    said = augury("keys", command, "nobody")
    assert (said.returncode, said.stderr) == (1, f"augury: unknown key 'nobody' Known: {key_id}\n")


def test_a_list_of_no_file_says_what_to_do(augury: Augury, path: Path) -> None:
    said = augury("keys", "list")
    assert said.returncode == 1
    assert said.stderr == f"augury: there is no file of API keys at {path}; make a key by `augury keys add`\n"


def test_the_file_lies_in_var_unless_it_is_said(
    augury: Augury, var: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUGURY_KEYS")
    try:
        added(augury)
        assert len(read_keys(var / "keys.json")) == 1
    finally:
        (var / "keys.json").unlink(missing_ok=True)
    assert not path.exists()


def test_help_says_what_there_is_and_imports_little(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "experiments", "keys", "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert all(word in done.stdout for word in ("add", "list", "revoke", "rotate"))
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert imported & {"pandas", "numpy", "mlflow", "bentoml", "msgspec"} == set()
