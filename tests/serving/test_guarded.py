"""A service of two workers that wants keys: who may ask what, how often, for how long."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from configs.service import ServiceSettings
from experiments.runs import Deployment
from experiments.server import free_port, running
from serving.client import Client
from serving.client.answers import Readiness
from serving.safety.issue import add_key, revoke_key, rotate_key
from tests.serving.raw import Raw, request
from tests.serving.streams import SEGMENTED, post, stream, table

SECONDS = 2.0


@dataclass(frozen=True)
class Guarded:
    """The service, its file of keys, and one key that may do all."""

    client: httpx.Client
    keys: Path
    key: str
    audit: Path

    def ask(self, key: str | None, request: dict[str, Any], route: str = "/v1/score") -> httpx.Response:
        """Ask with a key."""
        return self.client.post(route, json=request, headers={"authorization": f"Bearer {key}"} if key else {})

    def add(self, name: str, **said: Any) -> str:
        """Make a key and wait until the service knows it."""
        key = add_key(self.keys, name, at=datetime.now(UTC), **said)
        self.wait(key, known=True)
        return key

    def wait(self, key: str, *, known: bool) -> None:
        """Wait until all workers let a key in, or none does; each is asked over connections of its own."""
        deadline, same = time.monotonic() + 10, 0
        while same < 12 and time.monotonic() < deadline:
            head = {"authorization": f"Bearer {key}", "connection": "close"}
            refused = self.client.get("/v1/nothing", headers=head).status_code == 401
            same = same + 1 if refused != known else 0
            time.sleep(0.05)
        assert same >= 12


@pytest.fixture(scope="module")
def guarded(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Run it."""
    folder = tmp_path_factory.mktemp("guarded")
    keys = folder / "keys.json"
    key = add_key(keys, "all", at=datetime.now(UTC), rate=1e6, burst=1e6)
    settings = replace(deployment.settings, named_keys=keys)
    service = ServiceSettings(dataset="shop", timeout_seconds=SECONDS, workers=2)
    with (
        running(settings, service, port=free_port(), log=folder / "log") as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        yield Guarded(client, keys, key, deployment.settings.var / "audit" / "audit.jsonl")


MISSING = "there is no API key; send it as `Authorization: Bearer aug_…`"
UNKNOWN = "this API key is not known; ask for one of this service"
STRANGE = f"aug_{'a' * 8}_{'b' * 43}"
ASKED = {"customer_ids": ["C0000001"], "models": ["shop_segments"]}


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, "there is no API key; send it as `Authorization: Bearer aug_…`"),
        ({"authorization": ""}, "there is no API key; send it as `Authorization: Bearer aug_…`"),
        ({"authorization": "Basic dXNlcjpwYXNz"}, "there is no API key; send it as `Authorization: Bearer aug_…`"),
        ({"authorization": "Bearer mine"}, "this is no API key: they read aug_ID_SECRET"),
        ({"x-api-key": "mine"}, "this is no API key: they read aug_ID_SECRET"),
        (
            {"authorization": f"Bearer aug_{'a' * 8}_{'b' * 43}"},
            "this API key is not known; ask for one of this service",
        ),
        ({"x-api-key": f"aug_{'a' * 8}_{'b' * 43}"}, "this API key is not known; ask for one of this service"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/score", "/v1/models", "/v1/nothing"])
def test_nobody_without_a_key_is_told_anything(guarded: Guarded, headers: dict[str, str], told: str, path: str) -> None:
    answer = guarded.client.post(path, content=b"{broken", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == {
        "error": "unauthorized",
        "message": told,
        "request_id": answer.headers["x-request-id"],
    }


def test_a_wrong_secret_is_told_as_an_unknown_key(guarded: Guarded) -> None:
    wrong = guarded.key[:-1] + ("a" if guarded.key[-1] != "a" else "b")
    assert guarded.ask(wrong, ASKED).json()["message"] == UNKNOWN


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/openapi.json"])
def test_probes_and_the_description_need_no_key(guarded: Guarded, path: str) -> None:
    assert guarded.client.get(path).status_code == 200


def test_everybody_may_know_whether_it_is_ready_and_no_names(guarded: Guarded) -> None:
    told = guarded.client.get("/readyz").json()
    assert told == {"ready": True, "waiting": 0, "registry": "ok", "store": "ok"}
    with Client(str(guarded.client.base_url), key=guarded.key) as client:
        assert client.ready() == Readiness(True, 0, "ok", "ok")


def test_a_key_is_sent_in_either_header(guarded: Guarded) -> None:
    for head in ({"authorization": f"Bearer {guarded.key}"}, {"authorization": f"bEARER  {guarded.key}"}):
        assert guarded.client.post("/v1/score", json=ASKED, headers=head).status_code == 200
    assert guarded.client.post("/v1/score", json=ASKED, headers={"x-api-key": guarded.key}).status_code == 200


def test_a_key_is_for_its_models_alone(guarded: Guarded) -> None:
    key = guarded.add("segments", models=["shop_segments"], rate=1e6, burst=1e6)
    everything = guarded.ask(key, {"customer_ids": ["C0000001"]}).json()["results"]
    assert [each["model"] for each in everything] == ["shop_segments"]
    models = guarded.client.get("/v1/models", headers={"x-api-key": key}).json()["models"]
    assert [each["name"] for each in models] == ["shop_segments"]
    for model in ("shop_churn", "nothing"):
        refused = guarded.ask(key, {"customer_ids": ["C0000001"], "models": ["shop_segments", model]})
        assert refused.status_code == 403
        assert refused.json()["error"] == "forbidden"
        assert refused.json()["message"] == f"the key may not ask '{model}'; ask for another key, or name others"
    assert guarded.ask(key, {"customer_ids": ["C0000001"]}, "/v1/offers").status_code == 404
    features = {"customer_id": "new", "features": dict.fromkeys(SEGMENTED, 1.0)}
    scored = guarded.ask(key, features, "/v1/score/payload").json()["results"]
    assert [each["model"] for each in scored] == ["shop_segments"]


@pytest.mark.parametrize(
    ("actions", "may"),
    [
        (["score"], {"score", "payload"}),
        (["bulk"], {"bulk", "arrow"}),
        (["offers"], {"offers"}),
        (["models"], {"models"}),
        (["score", "explain"], {"score", "payload", "explained"}),
        (["explain"], set()),
    ],
)
def test_a_key_is_for_its_actions_alone(guarded: Guarded, actions: list[str], may: set[str]) -> None:
    key = guarded.add("-".join(actions), actions=actions, rate=1e6, burst=1e6)
    features, head = dict.fromkeys(SEGMENTED, 1.0), {"x-api-key": key}
    rows = [{"customer_id": "new", "features": features}]
    answers = {
        "score": guarded.ask(key, ASKED),
        "explained": guarded.ask(key, {"customer_ids": ["C0000001"], "explain": 1}),
        "payload": guarded.ask(key, {"customer_id": "new", "features": features}, "/v1/score/payload"),
        "bulk": guarded.ask(key, {"rows": rows}, "/v1/bulk"),
        "arrow": guarded.client.post(
            "/v1/bulk",
            content=stream(table()),
            headers={**head, "content-type": "application/vnd.apache.arrow.stream"},
        ),
        "offers": guarded.ask(key, {"customer_ids": ["C0000001"]}, "/v1/offers"),
        "models": guarded.client.get("/v1/models", headers=head),
    }
    assert {name for name, answer in answers.items() if answer.status_code == 200} == may
    assert {answer.status_code for name, answer in answers.items() if name not in may} <= {403}
    if "score" not in may:
        assert answers["score"].json()["message"] == "the key is not for 'score'; ask for another one"
    elif "explained" not in may:
        assert answers["explained"].json()["message"] == "the key may not ask for reasons; leave explain out"


def test_keys_come_change_and_go_without_a_restart(guarded: Guarded) -> None:
    first = guarded.add("rotating", rate=1e6, burst=1e6)
    assert guarded.ask(first, ASKED).status_code == 200
    second, _ = rotate_key(guarded.keys, first[4:12], at=datetime.now(UTC), overlap=timedelta(0))
    guarded.wait(second, known=True)
    guarded.wait(first, known=False)
    assert guarded.ask(first, ASKED).json()["message"] == f"the API key {first[4:12]} has expired; ask for a new one"
    revoke_key(guarded.keys, second[4:12], at=datetime.now(UTC))
    guarded.wait(second, known=False)
    assert guarded.ask(second, ASKED).json()["message"] == f"the API key {second[4:12]} was revoked; ask for a new one"
    assert guarded.ask(guarded.key, ASKED).status_code == 200


def test_a_broken_file_of_keys_lets_the_old_ones_count(guarded: Guarded) -> None:
    good = guarded.keys.read_bytes()
    try:
        guarded.keys.write_text("{")
        time.sleep(1.5)
        assert guarded.ask(guarded.key, ASKED).status_code == 200
    finally:
        guarded.keys.write_bytes(good)


def test_over_its_rate_a_key_must_wait(guarded: Guarded) -> None:
    """Each of two workers lets 100 through, and then one every ten seconds; one connection is one worker's."""
    key = guarded.add("slow", rate=0.2, burst=200)
    with httpx.Client(base_url=guarded.client.base_url, headers={"x-api-key": key}, timeout=30) as one:
        answers = [one.post("/v1/score", json=ASKED) for _ in range(150)]
    waiting = [each for each in answers if each.status_code == 429]
    assert {each.status_code for each in answers} == {200, 429}
    for each in waiting:
        assert each.json()["error"] == "rate_limited"
        seconds = each.headers["retry-after"]
        assert 1 <= int(seconds) <= 10
        assert each.json()["message"] == f"over the rate of this key; ask again in {seconds} s"
    assert guarded.ask(guarded.key, ASKED).status_code == 200


def test_many_customers_cost_more_than_one(guarded: Guarded) -> None:
    """A thousand cost 10.99 where one costs 1; a worker's burst is 50."""
    key = guarded.add("heavy", rate=0.001, burst=100)
    thousand = {"customer_ids": [f"stranger {number}" for number in range(1_000)]}
    with httpx.Client(base_url=guarded.client.base_url, headers={"x-api-key": key}, timeout=30) as one:
        codes = [one.post("/v1/score", json=thousand).status_code for _ in range(8)]
    assert 1 <= codes.count(200) <= 5
    assert set(codes) == {200, 429}


def test_two_workers_answer_alike(guarded: Guarded, client: httpx.Client, ids: list[str]) -> None:
    """Request ids begin with what is a worker's own."""
    expected = client.post("/v1/score", json={"customer_ids": ids[:20], "explain": 1}).json()["results"]
    prefixes = set()
    for _ in range(40):
        head = {"x-api-key": guarded.key, "connection": "close"}
        answer = guarded.client.post("/v1/score", json={"customer_ids": ids[:20], "explain": 1}, headers=head).json()
        assert answer["results"] == expected
        prefixes.add(answer["request_id"].partition("-")[0])
    assert len(prefixes) == 2


def test_the_workers_count_together(guarded: Guarded) -> None:
    def counted() -> float:
        line = f'augury_requests_total{{key="{guarded.key[4:12]}",route="/v1/score",status="200"}} '
        found = [each for each in guarded.client.get("/metrics").text.splitlines() if each.startswith(line)]
        return float(found[0].removeprefix(line)) if found else 0.0

    guarded.ask(guarded.key, ASKED)
    before = counted()
    for _ in range(20):
        head = {"x-api-key": guarded.key, "connection": "close"}
        guarded.client.post("/v1/score", json=ASKED, headers=head)
    assert {counted() for _ in range(10)} == {before + 20}


def test_the_audit_names_the_key_and_never_its_secret(guarded: Guarded) -> None:
    head = {"x-api-key": guarded.key, "x-request-id": "guarded.audit"}
    guarded.client.post("/v1/score", json=ASKED, headers=head)
    deadline = time.monotonic() + 10
    while "guarded.audit" not in (written := guarded.audit.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    (line,) = [json.loads(each) for each in written.splitlines() if "guarded.audit" in each]
    assert (line["key"], line["action"], line["models"]) == (guarded.key[4:12], "score", ["shop_segments"])
    assert guarded.key[13:] not in written


def test_a_body_that_does_not_come_is_waited_for_so_long_and_no_longer(guarded: Guarded) -> None:
    key = f"X-API-Key: {guarded.key}\r\n"
    with Raw(guarded.client.base_url) as raw:
        began = time.monotonic()
        raw.send(request("/v1/score", b'{"customer_ids"', key, length=1_000))
        answer = raw.answer()
        took = time.monotonic() - began
    assert answer.status == 408
    assert answer.headers["connection"] == "close"
    assert answer.json()["error"] == "timeout"
    assert answer.json()["message"] == "the request was not whole and answered within 2 seconds"
    assert answer.closed
    assert SECONDS - 0.2 <= took < SECONDS + 3


def test_a_body_in_drops_is_not_waited_for_longer(guarded: Guarded) -> None:
    """Each byte comes well within the time; all of them do not."""
    key = f"X-API-Key: {guarded.key}\r\n"
    with Raw(guarded.client.base_url) as raw:
        began = time.monotonic()
        raw.send(request("/v1/score", b"", key, length=1_000))
        stop = threading.Event()
        dropping = threading.Thread(target=raw.drip, args=(b" ", stop))
        dropping.start()
        answer = raw.answer()
        took = time.monotonic() - began
        stop.set()
        dropping.join()
    assert answer.status == 408
    assert took < SECONDS + 3


def test_slow_clients_keep_nobody_waiting(guarded: Guarded) -> None:
    key = f"X-API-Key: {guarded.key}\r\n"
    slow = [Raw(guarded.client.base_url) for _ in range(50)]
    try:
        for place, each in enumerate(slow):
            each.send(request("/v1/score", b"{", key, length=1_000) if place % 2 else b"POST /v1/score HTTP/1.1\r\nX:")
        began = time.monotonic()
        assert guarded.ask(guarded.key, ASKED).status_code == 200
        assert time.monotonic() - began < 1.0
    finally:
        for each in slow:
            each.close()


def test_it_does_not_start_where_everybody_could_ask(tmp_path: Path) -> None:
    process = _serve(tmp_path)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.splitlines()[-1] == (
        "augury: 0.0.0.0 can be reached from other machines, and there are no API keys: everybody could ask for "
        "scores. Make a key by `augury keys add NAME`, or listen on 127.0.0.1"
    )


def test_with_keys_it_starts_and_says_who_ends_tls(tmp_path: Path) -> None:
    add_key(tmp_path / "keys.json", "somebody", at=datetime.now(UTC))
    with _serve(tmp_path) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        process.terminate()
    assert said == ("augury: plain HTTP on 0.0.0.0: let a proxy in front end TLS, else keys and scores can be read\n")


def _serve(var: Path) -> "subprocess.Popen[str]":
    """Start the command on all addresses."""
    return subprocess.Popen(
        [sys.executable, "-m", "experiments", "serve", "--host", "0.0.0.0", "--port", str(free_port())],
        env={"AUGURY_VAR": str(var), "PATH": "/usr/bin:/bin", "HOME": str(var)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_features_that_are_too_old_are_refused_as_such(deployment: Deployment, ids: list[str], tmp_path: Path) -> None:
    service = ServiceSettings(dataset="shop", max_age_days=1.5)
    request = {"customer_ids": [ids[0], "nobody"], "models": ["shop_churn"]}
    features = {"customer_id": ids[0], "features": dict.fromkeys(SEGMENTED, 1.0)}
    with (
        running(deployment.settings, service, port=free_port(), log=tmp_path / "log") as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        told, stranger = client.post("/v1/score", json=request).json()["results"]
        payload = client.post("/v1/score/payload", json=features).json()["results"]
        rows = post(client, stream(table()))
    age = (datetime.now(UTC).replace(tzinfo=None) - datetime.fromisoformat(told["cutoff"])) / timedelta(days=1)
    assert told["refusal"] == "stale_features"
    assert told["reason"] == f"the features are {age:.1f} days old, and 1.5 are allowed; run the batch"
    assert (told["model"], told["version"]) == ("shop_churn", "1")
    assert stranger["refusal"] == "unknown"
    assert [each["kind"] for each in payload] == ["score"]
    assert rows.status_code == 200
