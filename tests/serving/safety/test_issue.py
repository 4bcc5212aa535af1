"""Making, replacing and revoking keys, by several at once too."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from serving.safety.issue import ALPHABET, add_key, revoke_key, rotate_key
from serving.safety.key_file import read_keys
from serving.safety.keys import Keys, NotAllowed

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def id_of(presented: str) -> str:
    return presented.split("_")[1]


def why(path: Path, presented: str, at: datetime) -> str | None:
    try:
        Keys.read(path).who(presented, at)
    except NotAllowed as told:
        return told.why
    return None


def test_a_key_is_given_once_and_its_hash_is_kept(path: Path) -> None:
    presented = add_key(path, "CRM", at=AT, models=["churn"], actions=["score"], rate=2, burst=3, expires=AT + WEEK)
    assert re.fullmatch("aug_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}", presented)
    [key] = read_keys(path)
    assert (key.id, key.name, key.models, key.actions) == (id_of(presented), "CRM", ("churn",), ("score",))
    assert (key.rate, key.burst, key.created, key.expires, key.revoked) == (2.0, 3.0, AT, AT + WEEK, None)
    secret = presented.split("_")[2]
    assert key.sha256 == sha256(secret.encode()).hexdigest()
    assert secret.encode() not in path.read_bytes()
    assert why(path, presented, AT) is None


def test_a_secret_holds_256_bits(path: Path) -> None:
    """Base 62 of the number, its lowest digit first: the greatest number fits 43 digits, and each number reads back."""
    asked: list[int] = []

    def greatest(bits: int) -> int:
        asked.append(bits)
        return int(2**bits - 1)

    digits = add_key(path, "CRM", at=AT, random=greatest).split("_")[2]
    assert asked == [40, 256]
    assert sum(ALPHABET.index(digit) * 62**place for place, digit in enumerate(digits)) == 2**256 - 1
    assert len(set(ALPHABET)) == 62


def test_an_id_that_is_taken_is_not_given_again(path: Path) -> None:
    numbers = iter([7, 1, 7, 7, 8, 1])
    made = [add_key(path, "CRM", at=AT, random=lambda bits: next(numbers)) for _ in range(2)]
    assert [id_of(each) for each in made] == ["70000000", "80000000"]


def test_keys_differ(path: Path) -> None:
    assert len({add_key(path, "CRM", at=AT) for _ in range(20)}) == 20
    assert len({each.sha256 for each in read_keys(path)}) == 20


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"expires": AT}, "would have expired at 2026-03-01T12:00:00+00:00 already"),
        ({"rate": 0}, "rate"),
        ({"rate": float("nan")}, "rate"),
        ({"rate": float("inf")}, "rate"),
        ({"burst": 0.9}, "burst"),
        ({"models": []}, "models"),
        ({"models": [""]}, "models"),
        ({"actions": []}, "actions"),
        ({"actions": ["scores"]}, "did you mean 'score'"),
        ({"name": " "}, "printable"),
        ({"name": "a\nb"}, "printable"),
        ({"name": "a" * 101}, "name"),
    ],
)
def test_what_no_key_can_be_is_refused_and_nothing_written(said: dict[str, object], told: str, path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        add_key(path, **{"name": "CRM", "at": AT, **said})  # type: ignore[arg-type]
    assert not path.exists()


def test_after_a_rotation_both_are_good_until_the_overlap_ends(path: Path) -> None:
    old = add_key(path, "CRM", at=AT, models=["churn"], actions=["score"], rate=2, burst=3)
    new, ends = rotate_key(path, id_of(old), at=AT + WEEK, overlap=WEEK)
    assert ends == AT + 2 * WEEK
    last = ends - timedelta(microseconds=1)
    assert (why(path, old, last), why(path, old, ends)) == (None, "expired")
    assert (why(path, new, last), why(path, new, AT + 500 * WEEK)) == (None, None)
    first, second = (Keys.read(path).who(each, AT + WEEK) for each in (old, new))
    assert first.id != second.id
    assert (second.name, second.models, second.actions) == (first.name, first.models, first.actions)
    assert (second.rate, second.burst) == (2.0, 3.0)


def test_a_rotation_never_prolongs_the_old_key_and_renews_its_term(path: Path) -> None:
    old = add_key(path, "CRM", at=AT, expires=AT + 3 * WEEK)
    new, ends = rotate_key(path, id_of(old), at=AT + 2.5 * WEEK, overlap=WEEK)
    assert ends == AT + 3 * WEEK
    kept = {each.id: each for each in read_keys(path)}
    assert kept[id_of(new)].expires == AT + 5.5 * WEEK
    _, ends = rotate_key(path, id_of(old), at=AT + 4 * WEEK, overlap=WEEK)
    assert ends == AT + 3 * WEEK


def test_no_overlap_ends_the_old_key_at_once(path: Path) -> None:
    old = add_key(path, "CRM", at=AT)
    rotate_key(path, id_of(old), at=AT, overlap=timedelta(0))
    assert why(path, old, AT) == "expired"
    with pytest.raises(ValueError, match="in the past"):
        rotate_key(path, id_of(old), at=AT, overlap=-WEEK)


def test_a_revoked_key_stays_revoked(path: Path) -> None:
    old = add_key(path, "CRM", at=AT)
    assert revoke_key(path, id_of(old), at=AT) == AT
    assert why(path, old, AT) == "revoked"
    assert revoke_key(path, id_of(old), at=AT + WEEK) == AT
    with pytest.raises(ValueError, match="was revoked on 2026-03-01; add a new one"):
        rotate_key(path, id_of(old), at=AT, overlap=WEEK)


def test_an_unknown_id_is_told_with_those_there_are(path: Path) -> None:
    known = id_of(add_key(path, "CRM", at=AT))
    with pytest.raises(LookupError, match=f"unknown key 'nobody' Known: {known}"):
        revoke_key(path, "nobody", at=AT)


ADDING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from serving.safety.issue import add_key, revoke_key
for number in range(25):
    made = add_key(Path(sys.argv[1]), f"{sys.argv[2]}-{number}", at=datetime.now(UTC))
    if number % 5 == 0:
        revoke_key(Path(sys.argv[1]), made.split("_")[1], at=datetime.now(UTC))
    print(made)
"""


def test_several_processes_lose_nothing(path: Path) -> None:
    """Six processes add 25 keys each and revoke five of them."""
    command = [sys.executable, "-c", ADDING, str(path)]
    running = [subprocess.Popen([*command, str(each)], stdout=subprocess.PIPE, text=True) for each in range(6)]
    said = [each.communicate(timeout=120)[0].split() for each in running]
    assert [each.returncode for each in running] == [0] * 6
    assert {each.name for each in read_keys(path)} == {f"{who}-{number}" for who in range(6) for number in range(25)}
    answers = [[why(path, each, AT) for each in mine] for mine in said]
    assert answers == [(["revoked"] + [None] * 4) * 5] * 6
