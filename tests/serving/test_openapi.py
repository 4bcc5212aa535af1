"""The description is what the service does: checked by itself, and by thousands of requests made from it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from configs.settings import SILENCE
from serving.api.bulk import MODELS
from serving.api.openapi import MEANINGS
from serving.api.routes import ROUTES
from tests.serving.raw import JSON
from tests.serving.streams import ARROW, SEGMENTED

CASES = 400
"""For each operation at most."""


@pytest.fixture(scope="module")
def spec(client: httpx.Client) -> dict[str, Any]:
    read: dict[str, Any] = client.get("/openapi.json").raise_for_status().json()
    return read


def _operations(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {path: next(iter(methods.values())) for path, methods in spec["paths"].items()}


def test_it_tells_of_every_route_and_status(spec: dict[str, Any]) -> None:
    assert spec["openapi"] == "3.1.0"
    assert list(spec["paths"]) == [*ROUTES, "/livez", "/readyz", "/metrics"]
    for path, route in ROUTES.items():
        assert list(spec["paths"][path]) == [route.method.lower()]
        operation = spec["paths"][path][route.method.lower()]
        statuses = {"200", *map(str, MEANINGS)}
        lacking = set() if route.method == "POST" else {"404", "415", "422"}
        assert set(operation["responses"]) == statuses - lacking
        assert set(operation["responses"]["200"]["content"]) == set(route.kinds)
        assert operation["summary"].endswith(".")
        assert ("requestBody" in operation) == (route.method == "POST")
    assert set(_operations(spec)["/v1/bulk"]["requestBody"]["content"]) == {JSON, ARROW}
    assert len({each.get("operationId") for each in _operations(spec).values()} - {None}) == len(ROUTES)


def test_fields_that_nobody_knows_are_said_to_be_refused_and_sizes_to_be_limited(spec: dict[str, Any]) -> None:
    schemas = spec["components"]["schemas"]
    for asked in ("ById", "ByPayload", "Bulk", "OffersAsked", "FeatureRow", "Transaction"):
        assert schemas[asked]["additionalProperties"] is False
    ids = schemas["ById"]["properties"]["customer_ids"]
    assert (ids["minItems"], ids["maxItems"]) == (1, 1_000)
    assert (ids["items"]["minLength"], ids["items"]["maxLength"]) == (1, 200)
    assert schemas["Bulk"]["properties"]["rows"]["maxItems"] == 10_000
    assert schemas["Problem"]["required"] == ["error", "message", "request_id"]


def _checked(spec: dict[str, Any], schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({**schema, "components": spec["components"]})


def _examples(content: dict[str, Any]) -> list[Any]:
    return [each["value"] for each in content[JSON]["examples"].values()]


@pytest.mark.parametrize("path", ROUTES)
def test_every_error_has_an_example_of_each_code(spec: dict[str, Any], path: str) -> None:
    for status, said in _operations(spec)[path]["responses"].items():
        if status != "200":
            examples = _examples(said["content"])
            assert [each["error"] for each in examples] == re.findall(r"\w+", MEANINGS[int(status)].rpartition("(")[2])
            for each in examples:
                _checked(spec, said["content"][JSON]["schema"]).validate(each)


def test_bulk_tells_what_its_arrow_is(spec: dict[str, Any]) -> None:
    told = _operations(spec)["/v1/bulk"]
    assert MODELS.decode() in told["requestBody"]["content"][ARROW]["schema"]["description"]
    assert "refusal" in told["responses"]["200"]["content"][ARROW]["schema"]["description"]


@pytest.mark.parametrize("path", ROUTES)
def test_its_examples_are_what_its_schemas_say(spec: dict[str, Any], path: str) -> None:
    operation = _operations(spec)[path]
    answered = operation["responses"]["200"]["content"]
    examples = _examples(answered)
    assert examples
    for example in examples:
        _checked(spec, answered[JSON]["schema"]).validate(example)
    for example in _examples(operation["requestBody"]["content"]) if "requestBody" in operation else []:
        schema = _checked(spec, operation["requestBody"]["content"][JSON]["schema"])
        schema.validate(example)
        assert not schema.is_valid({**example, "nothing": 1})


def _put_in(value: Any, ids: list[str]) -> Any:
    """Put ids that are known in the place of the examples', and features that a model is made of."""
    if isinstance(value, list):
        return [_put_in(each, ids) for each in value]
    if not isinstance(value, dict):
        return ids[0] if value == "C0000042" else value
    if value.keys() == {"customer_id", "features"}:
        return {**value, "features": dict(zip(SEGMENTED, (3.0, 5.0, 240.5), strict=True))}
    return {name: SEGMENTS if name == "features" and each else _put_in(each, ids) for name, each in value.items()}


SEGMENTS = dict(zip(SEGMENTED, (97.0, 5.0, 240.5), strict=True))


@pytest.mark.parametrize("path", [path for path, route in ROUTES.items() if route.method == "POST"])
def test_its_examples_are_answered_as_it_says(
    client: httpx.Client, spec: dict[str, Any], ids: list[str], path: str
) -> None:
    operation = _operations(spec)[path]
    schema = _checked(spec, operation["responses"]["200"]["content"][JSON]["schema"])
    for example in _examples(operation["requestBody"]["content"]):
        answer = client.post(path, json=_put_in(example, ids))
        assert answer.status_code == 200, answer.text
        schema.validate(answer.json())
        assert {each["kind"] for each in answer.json()["results"]} & {"score", "offers"}


def test_other_answers_are_as_it_says(client: httpx.Client, spec: dict[str, Any], ids: list[str]) -> None:
    operations = _operations(spec)
    models = operations["/v1/models"]["responses"]["200"]["content"][JSON]["schema"]
    _checked(spec, models).validate(client.get("/v1/models").json())
    explained = client.post("/v1/score", json={"customer_ids": [*ids, "nobody"], "explain": 10}).json()
    _checked(spec, operations["/v1/score"]["responses"]["200"]["content"][JSON]["schema"]).validate(explained)
    problem = client.post("/v1/score", json={}).json()
    _checked(spec, operations["/v1/score"]["responses"]["400"]["content"][JSON]["schema"]).validate(problem)


def test_thousands_of_requests_made_from_it_are_answered_as_it_says(
    client: httpx.Client, spec: dict[str, Any], ids: list[str], tmp_path: Path
) -> None:
    """By schemathesis: right ones and wrong ones, with the examples as a beginning.

    Left out is that what a schema allows must be scored: 30 February is a text like any date.
    """
    place, report = tmp_path / "openapi.json", tmp_path / "report.json"
    place.write_text(json.dumps(_with_known(spec, ids)), encoding="utf-8")
    said = {"phases": "examples,coverage,fuzzing", "exclude-checks": "positive_data_acceptance", "report": "json"}
    said |= {"url": str(client.base_url), "max-examples": str(CASES), "report-json-path": str(report)}
    options = [f"--{name}={value}" for name, value in said.items()]
    run = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", str(place), *options, "--generation-deterministic"],
        cwd=tmp_path,
        env={**SILENCE, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5_000:] + run.stderr[-1_000:]
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["operations"] == {
        "total": 8,
        "selected": 8,
        "tested": 8,
        "errored": 0,
        "skipped": 0,
        "skip_reasons": [],
    }
    assert told["test_cases"]["generated"] > 5 * CASES
    assert told["failures"] == told["errors"] == []
    rates = {name: sum(each["accepted"] for each in of.values()) for name, of in told["valid_rates"].items()}
    assert min(rates[f"POST {path}"] for path, route in ROUTES.items() if route.method == "POST") > 0, rates


def _with_known(spec: dict[str, Any], ids: list[str]) -> dict[str, Any]:
    """Give the description with examples of this very shop."""
    copied: dict[str, Any] = json.loads(json.dumps(spec))
    for operation in _operations(copied).values():
        if "requestBody" in operation:
            for named in operation["requestBody"]["content"][JSON]["examples"].values():
                named["value"] = _put_in(named["value"], ids)
    return copied
