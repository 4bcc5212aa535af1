"""Who a key belongs to: a table of what is presented, scopes, ends, and what a guesser can learn."""

import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from serving.safety import keys as keys_module
from serving.safety.key_file import ACTIONS, Key
from serving.safety.keys import ANYONE, Keys, NotAllowed

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET, OTHER = "s" * 43, "t" * 43
GOOD = f"aug_Ab3dEf9h_{SECRET}"


def key(**said: Any) -> Key:
    known = {"id": "Ab3dEf9h", "sha256": sha256(SECRET.encode()).hexdigest(), "name": "CRM", "created": AT}
    scopes = {"models": ("*",), "actions": ("*",), "rate": 5.0, "burst": 10.0}
    return Key(**{**known, **scopes, **said})


def refused(keys: Keys, presented: str | bytes | None, at: datetime = AT) -> NotAllowed:
    with pytest.raises(NotAllowed) as told:
        keys.who(presented, at)
    return told.value


def test_who_presents_a_key_is_known_by_its_id_and_name() -> None:
    caller = Keys([key()]).who(GOOD, AT)
    assert (caller.id, caller.name, caller.rate, caller.burst) == ("Ab3dEf9h", "CRM", 5.0, 10.0)
    assert Keys([key()]).who(GOOD.encode(), AT) == caller


@pytest.mark.parametrize("presented", [None, "", b""])
def test_no_key_is_missing(presented: str | bytes | None) -> None:
    assert refused(Keys([key()]), presented).why == "missing"


MALFORMED = [
    " ",
    "aug",
    "aug_",
    "aug__",
    "aug_Ab3dEf9h",
    "aug_Ab3dEf9h_",
    f"Bearer {GOOD}",
    f" {GOOD}",
    f"{GOOD} ",
    f"{GOOD}\n",
    f"{GOOD}\0",
    f"{GOOD}x",
    GOOD[:-1],
    GOOD.upper(),
    GOOD.replace("aug_", "AUG_"),
    GOOD.replace("aug_", ""),
    GOOD.replace("_", "-"),
    GOOD.replace("Ab3dEf9h", "Ab3dEf9"),
    GOOD.replace("Ab3dEf9h", "Ab3dEf9hh"),
    GOOD.replace("Ab3dEf9h", "Ab3d_f9h"),
    GOOD.replace("Ab3dEf9h", "Ab3dEf9é"),
    GOOD.replace("sss", "s s"),
    GOOD.replace("sss", "s_s"),
    GOOD.replace("sss", "s.s"),
    GOOD.replace("s", "ß"),
    GOOD.replace("s", "٣"),
    GOOD.replace("s", "\ud800"),
    "é" * 56,
    "a" * 1_000_000,
    GOOD * 2,
    f"{GOOD},{GOOD}",
]


@pytest.mark.parametrize("presented", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_key_is_malformed_and_not_repeated(presented: str) -> None:
    for form in (presented, presented.encode("utf-8", "surrogatepass")):
        told = refused(Keys([key()]), form)
        assert (told.why, told.key_id, str(told)) == ("malformed", None, "this is no API key: they read aug_ID_SECRET")


@pytest.mark.parametrize("form", [b"\xff\xfe", GOOD.encode("utf-16"), b"aug_Ab3dEf9h_" + b"\xff" * 43])
def test_bytes_that_are_no_text_are_malformed(form: bytes) -> None:
    assert refused(Keys([key()]), form).why == "malformed"


def test_an_unknown_id_and_a_wrong_secret_are_told_alike() -> None:
    keys = Keys([key()])
    unknown, wrong = refused(keys, f"aug_00000000_{SECRET}"), refused(keys, f"aug_Ab3dEf9h_{OTHER}")
    assert (unknown.why, str(unknown), unknown.key_id) == (wrong.why, str(wrong), wrong.key_id)
    assert unknown.why == "unknown"
    assert refused(Keys([]), GOOD).why == "unknown"


@pytest.mark.parametrize("presented", [GOOD, f"aug_Ab3dEf9h_{OTHER}", f"aug_00000000_{SECRET}"])
def test_the_digest_is_compared_in_constant_time_for_unknown_ids_too(
    presented: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same work for each: one comparison of 32 bytes with the digest of what was presented."""
    compared: list[tuple[bytes, bytes]] = []

    def counting(one: bytes, other: bytes, compare: Any = hmac.compare_digest) -> bool:
        compared.append((one, other))
        return bool(compare(one, other))

    monkeypatch.setattr(hmac, "compare_digest", counting)
    try:
        Keys([key()]).who(presented, AT)
    except NotAllowed:
        assert presented != GOOD
    [(kept, asked)] = compared
    assert (len(kept), asked) == (32, sha256(presented[-43:].encode()).digest())


def test_an_unknown_id_is_nobodys_whatever_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a secret with the digest that stands in for those that are not there opens nothing."""
    standing_in = replace(keys_module._NOBODY, digest=sha256(SECRET.encode()).digest())
    monkeypatch.setattr(keys_module, "_NOBODY", standing_in)
    assert refused(Keys([]), GOOD).why == "unknown"


def test_only_who_has_the_secret_learns_that_a_key_is_over() -> None:
    for ended in (key(revoked=AT), key(expires=AT)):
        assert refused(Keys([ended]), f"aug_Ab3dEf9h_{OTHER}").why == "unknown"


def test_a_secret_of_one_key_does_not_open_another() -> None:
    keys = Keys([key(), key(id="00000000", sha256=sha256(OTHER.encode()).hexdigest())])
    assert keys.who(GOOD, AT).id == "Ab3dEf9h"
    assert keys.who(f"aug_00000000_{OTHER}", AT).id == "00000000"
    assert refused(keys, f"aug_00000000_{SECRET}").why == "unknown"


def test_a_key_is_good_until_the_instant_at_which_it_expires() -> None:
    keys = Keys([key(expires=AT)])
    assert keys.who(GOOD, AT - timedelta(microseconds=1)).id == "Ab3dEf9h"
    told = refused(keys, GOOD, AT)
    assert (told.why, told.key_id) == ("expired", "Ab3dEf9h")
    assert str(told) == "the API key Ab3dEf9h has expired; ask for a new one"
    assert refused(keys, GOOD, AT + timedelta(days=900)).why == "expired"


def test_a_revoked_key_is_refused_at_any_time() -> None:
    told = refused(Keys([key(revoked=AT + timedelta(days=1), expires=AT)]), GOOD)
    assert (told.why, told.key_id, str(told)) == (
        "revoked",
        "Ab3dEf9h",
        "the API key Ab3dEf9h was revoked; ask for a new one",
    )


def test_messages_hold_no_secret() -> None:
    ends = [key(revoked=AT), key(expires=AT), key(sha256="0" * 64)]
    assert not any(SECRET in str(refused(Keys([each]), GOOD)) for each in ends)


def test_scopes_name_what_is_allowed() -> None:
    caller = Keys([key(models=("churn", "clv"), actions=("score",))]).who(GOOD, AT)
    assert [caller.may(each) for each in ("churn", "clv", "Churn", "offers", "*", "")] == [True, True, *[False] * 4]
    assert [caller.may_do(each) for each in ACTIONS] == [True, *[False] * 4]


@pytest.mark.parametrize("caller", [Keys([key(models=("clv", "*"))]).who(GOOD, AT), ANYONE])
def test_a_star_allows_all_those_of_later_too(caller: Any) -> None:
    assert caller.may("whatever comes")
    assert caller.may_do("offers")
