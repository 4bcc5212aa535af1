"""What is wrong with a request is answered as such: the exact status, and JSON that says what is wrong."""

import json
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

JSON = "application/json"
SCORE, PAYLOAD = "/v1/score", "/v1/score/payload"
KNOWN = "{known}"
"""Stands for the id of a customer whom the batch holds."""

TEXTS: dict[str, tuple[str, str | bytes, int]] = {
    "broken JSON": (SCORE, '{"customer_ids": ["a"', 400),
    "truncated within a word": (SCORE, '{"customer_ids": ["a"], "models": nul', 400),
    "truncated payload": (PAYLOAD, '{"customer_id": "a", "cutoff": "2025-01-01", "transactions": [{"time": "20', 400),
    "an empty body": (SCORE, "", 400),
    "an empty payload": (PAYLOAD, "", 400),
    "spaces": (SCORE, "   ", 400),
    "two bodies": (SCORE, '{"customer_ids": ["a"]} {"customer_ids": ["a"]}', 400),
    "no JSON": (SCORE, "customer_ids=a", 400),
    "single quotes": (SCORE, "{'customer_ids': ['a']}", 400),
    "a comment": (SCORE, '{"customer_ids": ["a"]} // mine', 400),
    "a trailing comma": (SCORE, '{"customer_ids": ["a",]}', 400),
    "not UTF-8": (SCORE, b'{"customer_ids": ["\xff\xfe"]}', 400),
    "Latin-1": (SCORE, '{"customer_ids": ["Müller"]}'.encode("latin-1"), 400),
    "UTF-16": (SCORE, '{"customer_ids": ["a"]}'.encode("utf-16"), 400),
    "a byte order mark": (SCORE, '{"customer_ids": ["a"]}'.encode("utf-8-sig"), 400),
    "half a surrogate pair": (SCORE, '{"customer_ids": ["\\ud83e"]}', 400),
    "a raw control character": (SCORE, '{"customer_ids": ["a\nb"]}', 400),
    "an array": (SCORE, '["a"]', 400),
    "an array of requests": (SCORE, '[{"customer_ids": ["a"]}]', 400),
    "a text": (SCORE, '"a"', 400),
    "a number": (SCORE, "1", 400),
    "null": (SCORE, "null", 400),
    "an array as payload": (PAYLOAD, "[]", 400),
    "deeply nested arrays": (SCORE, "[" * 100_000 + "]" * 100_000, 400),
    "deeply nested objects": (PAYLOAD, '{"a":' * 100_000 + "1" + "}" * 100_000, 400),
    "deeply nested ids": (SCORE, '{"customer_ids": ' + "[" * 5_000 + "]" * 5_000 + "}", 400),
    "over 8 MiB": (SCORE, '{"customer_ids": ["' + "a" * (8 * 2**20) + '"]}', 413),
    "over 8 MiB of payload": (PAYLOAD, " " * (8 * 2**20 + 1), 413),
}
BY_ID: dict[str, tuple[dict[str, Any], int]] = {
    "no ids": ({}, 400),
    "misspelt ids": ({"customer_id": ["a"]}, 400),
    "an unknown key": ({"customer_ids": [KNOWN], "explain": True}, 400),
    "ids as text": ({"customer_ids": KNOWN}, 400),
    "ids as an object": ({"customer_ids": {"0": KNOWN}}, 400),
    "ids as null": ({"customer_ids": None}, 400),
    "a number as id": ({"customer_ids": [4711]}, 400),
    "null as id": ({"customer_ids": [KNOWN, None]}, 400),
    "a list as id": ({"customer_ids": [[KNOWN]]}, 400),
    "an empty list of ids": ({"customer_ids": []}, 400),
    "an empty id": ({"customer_ids": [""]}, 400),
    "1,001 ids": ({"customer_ids": [f"c{number}" for number in range(1001)]}, 400),
    "1,001 times one id": ({"customer_ids": [KNOWN] * 1001}, 400),
    "too long an id": ({"customer_ids": ["a" * 201]}, 400),
    "models as text": ({"customer_ids": [KNOWN], "models": "shop_churn"}, 400),
    "no models": ({"customer_ids": [KNOWN], "models": []}, 400),
    "a number as model": ({"customer_ids": [KNOWN], "models": [1]}, 400),
    "an unknown model": ({"customer_ids": [KNOWN], "models": ["churn"]}, 404),
    "a known and an unknown model": ({"customer_ids": [KNOWN], "models": ["shop_churn", "x" * 200]}, 404),
    "an unknown customer": ({"customer_ids": ["nobody"]}, 404),
    "a known and an unknown customer": ({"customer_ids": [KNOWN, "nobody"]}, 404),
    "an id in other letters": ({"customer_ids": ["c0000001"]}, 404),
    "a space as id": ({"customer_ids": [" "]}, 404),
    "an id with quotes": ({"customer_ids": ['O\'Brien "Bob"']}, 404),
    "an id of SQL": ({"customer_ids": ["' OR 1=1; DROP TABLE transactions; --"]}, 404),
    "an id of another script": ({"customer_ids": ["客户 Ω 🦊"]}, 404),
    "an id with NUL": ({"customer_ids": ["a\x00b"]}, 404),
    "an id that is a path": ({"customer_ids": ["../../etc/passwd"]}, 404),
    "an id that formats": ({"customer_ids": ["%s {0} ${HOME}"]}, 404),
}
SALE = {"time": "2025-06-01T10:00:00", "amount": 12.5, "category": "tea", "discount": 0.0}
GOOD = {"customer_id": "new", "cutoff": "2025-07-01T00:00:00", "transactions": [SALE]}


def _sale(**changed: Any) -> dict[str, Any]:
    return {**GOOD, "transactions": [SALE, {**SALE, **changed}]}


def _without(key: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name != key}


BY_PAYLOAD: dict[str, tuple[dict[str, Any], int]] = {
    "no customer": (_without("customer_id"), 400),
    "no cutoff": (_without("cutoff"), 400),
    "no transactions": (_without("transactions"), 400),
    "an unknown key": ({**GOOD, "as_of": "2025-07-01"}, 400),
    "an empty id": ({**GOOD, "customer_id": ""}, 400),
    "too long an id": ({**GOOD, "customer_id": "a" * 201}, 400),
    "a number as id": ({**GOOD, "customer_id": 4711}, 400),
    "empty transactions": ({**GOOD, "transactions": []}, 400),
    "transactions as an object": ({**GOOD, "transactions": {"0": SALE}}, 400),
    "transactions of text": ({**GOOD, "transactions": ["2025-06-01"]}, 400),
    "transactions of lists": ({**GOOD, "transactions": [list(SALE.values())]}, 400),
    "10,001 transactions": ({**GOOD, "transactions": [SALE] * 10_001}, 400),
    "a sale without time": ({**GOOD, "transactions": [{"amount": 1.0}]}, 400),
    "a sale without amount": ({**GOOD, "transactions": [{"time": "2025-06-01"}]}, 400),
    "an unknown column": (_sale(price=1.0), 400),
    "another customer's sale": (_sale(customer_id="other"), 400),
    "an amount of text": (_sale(amount="12.5"), 400),
    "an amount of words": (_sale(amount="twelve"), 400),
    "an amount with a comma": (_sale(amount="12,50"), 400),
    "null as amount": (_sale(amount=None), 400),
    "true as amount": (_sale(amount=True), 400),
    "a list as amount": (_sale(amount=[12.5]), 400),
    "an amount beyond bounds": (_sale(amount=1e13), 400),
    "an integer of 400 digits": (_sale(amount=10**400), 400),
    "a quantity beyond bounds": (_sale(quantity=-1e13), 400),
    "an empty category": (_sale(category=""), 400),
    "a number as category": (_sale(category=7), 400),
    "a return that is neither": (_sale(is_return="perhaps"), 400),
    "null as time": (_sale(time=None), 400),
    "an empty time": (_sale(time=""), 400),
    "a word as time": (_sale(time="yesterday"), 400),
    "the year 9999999": (_sale(time="9999999-01-01"), 400),
    "the year 0": (_sale(time="0000-01-01"), 400),
    "a time before the year 1 in UTC": (_sale(time="0001-01-01T00:00:00+14:00"), 400),
    "a time after the year 9999 in UTC": (_sale(time="9999-12-31T23:59:59-14:00"), 400),
    "30 February": (_sale(time="2025-02-30"), 400),
    "month 13": (_sale(time="2025-13-01"), 400),
    "hour 25": (_sale(time="2025-06-01T25:00:00"), 400),
    "a German date": (_sale(time="01.06.2025"), 400),
    "an American date": (_sale(time="06/01/2025"), 400),
    "seconds since 1970": (_sale(time=1748772000), 400),
    "seconds since 1970 as text": (_sale(time="1748772000"), 400),
    "a date of digits": (_sale(time="20250601"), 400),
    "not a time": (_sale(time="NaT"), 400),
    "a zone's name": (_sale(time="2025-06-01T10:00:00 Europe/Berlin"), 400),
    "a time of SQL": (_sale(time="2025-06-01'; DROP TABLE transactions; --"), 400),
    "a word as cutoff": ({**GOOD, "cutoff": "now"}, 400),
    "a number as cutoff": ({**GOOD, "cutoff": 20250701}, 400),
    "null as cutoff": ({**GOOD, "cutoff": None}, 400),
    "a cutoff before the first purchase": ({**GOOD, "cutoff": "2025-05-31"}, 422),
    "a cutoff at the first purchase": ({**GOOD, "cutoff": SALE["time"]}, 422),
    "a cutoff in the year 1": ({**GOOD, "cutoff": "0001-01-01"}, 422),
    "a cutoff too early for pairs": ({**GOOD, "cutoff": "2025-05-31", "models": ["shop_cross_sell"]}, 422),
    "a cutoff too early for segments": ({**GOOD, "cutoff": "2025-05-31", "models": ["shop_segments"]}, 422),
    "a negative amount that is no return": (_sale(amount=-3.0), 422),
    "returns alone": ({**GOOD, "transactions": [{**SALE, "amount": -3.0, "is_return": True}]}, 422),
    "no category": (
        {**GOOD, "transactions": [{"time": "2025-06-01", "amount": 1.0}], "models": ["shop_cross_sell"]},
        422,
    ),
    "null as every category": (
        {**GOOD, "transactions": [{**SALE, "category": None}], "models": ["shop_cross_sell"]},
        422,
    ),
    "no discount": ({**GOOD, "transactions": [{**SALE, "discount": None}], "models": ["shop_churn"]}, 422),
    "an unknown model": ({**GOOD, "models": ["shop_chrun"]}, 404),
    "no models": ({**GOOD, "models": []}, 400),
}
NUMBERS = {
    "not a number": "NaN",
    "infinity": "Infinity",
    "minus infinity": "-Infinity",
    "1e400": "1e400",
    "-1e400": "-1e400",
}
KINDS = [
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/vnd.bentoml+pickle",
    "application/octet-stream",
    "",
]
METHODS = [(method, route) for method in ("GET", "PUT", "DELETE", "PATCH") for route in (SCORE, PAYLOAD, "/v1/models")]
ROUTES = ["/v1/", "/v1/score/", "/v1/scores", "/v1/score/payload/x", "/v1//score", "/v1/%00", "/v1/客户"]


@pytest.fixture(scope="module")
def known(sales: pd.DataFrame) -> str:
    return str(sales["customer_id"].min())


def _refused(answer: httpx.Response, status: int) -> str:
    """Check that an answer is an error as every error is; gives its text."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == JSON
    body = answer.json()
    assert isinstance(body, dict)
    assert set(body) == {"error"}
    error = body["error"]
    assert isinstance(error, str)
    assert len(error) > 10
    assert not [trace for trace in ("Traceback", 'File "', ".py", "server log") if trace in error]
    return error


def _send(client: httpx.Client, route: str, content: str | bytes, *, kind: str = JSON) -> httpx.Response:
    return client.post(route, content=content, headers={"content-type": kind})


@pytest.mark.parametrize(("route", "content", "status"), TEXTS.values(), ids=TEXTS)
def test_a_body_that_is_no_request(client: httpx.Client, route: str, content: str | bytes, status: int) -> None:
    _refused(_send(client, route, content), status)


@pytest.mark.parametrize(("request_", "status"), BY_ID.values(), ids=BY_ID)
def test_a_request_by_id(client: httpx.Client, known: str, request_: dict[str, Any], status: int) -> None:
    _refused(_send(client, SCORE, json.dumps(request_).replace(KNOWN, known)), status)


@pytest.mark.parametrize(("request_", "status"), BY_PAYLOAD.values(), ids=BY_PAYLOAD)
def test_a_request_by_payload(client: httpx.Client, request_: dict[str, Any], status: int) -> None:
    _refused(_send(client, PAYLOAD, json.dumps(request_)), status)


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("column", ["amount", "quantity", "discount"])
def test_a_number_that_is_none(client: httpx.Client, column: str, number: str) -> None:
    content = json.dumps(_sale(**{column: "@"})).replace('"@"', number)
    assert f"transactions.1.{column}" in _refused(_send(client, PAYLOAD, content), 400)


@pytest.mark.parametrize("kind", KINDS)
def test_a_content_type_that_is_not_json(client: httpx.Client, known: str, kind: str) -> None:
    _refused(_send(client, SCORE, json.dumps({"customer_ids": [known]}), kind=kind), 415)


@pytest.mark.parametrize(("method", "route"), METHODS)
def test_a_method_that_is_not_post(client: httpx.Client, method: str, route: str) -> None:
    answer = client.request(method, route)
    assert "use POST" in _refused(answer, 405)
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_that_is_none(client: httpx.Client, route: str) -> None:
    assert "unknown route" in _refused(_send(client, route, "{}"), 404)


def test_two_content_types_are_both_looked_at(client: httpx.Client, known: str) -> None:
    headers = [("content-type", JSON), ("content-type", "multipart/form-data; boundary=x")]
    for order in (headers, headers[::-1]):
        _refused(client.post(SCORE, content=json.dumps({"customer_ids": [known]}), headers=order), 415)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"customer_id": ""}, "customer_id: String should have at least 1 character"),
        ({"cutoff": "soon"}, "cutoff: is no ISO time such as 2025-12-31T23:59:00Z"),
        ({"transactions": [{**SALE, "amount": "x"}]}, "transactions.0.amount: Input should be a valid number"),
        ({"as_of": 1}, "as_of: Extra inputs are not permitted"),
        (
            {"customer_id": 1, "cutoff": 1},
            "customer_id: Input should be a valid string; cutoff: is no ISO time such as ",
        ),
        ({"transactions": [{}] * 9}, "; and 13 more"),
    ],
)
def test_what_is_wrong_is_told_without_its_values(client: httpx.Client, changed: dict[str, Any], told: str) -> None:
    assert told in _refused(_send(client, PAYLOAD, json.dumps({**GOOD, **changed})), 400)


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON", "application/json; charset=utf-8", "application/json;"]
)
def test_a_content_type_that_is_json(client: httpx.Client, known: str, content_type: str) -> None:
    assert _send(client, SCORE, json.dumps({"customer_ids": [known]}), kind=content_type).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"time": "2025-06-01"},
        {"time": "2025-06-01 10:00"},
        {"time": "0001-01-01"},
        {"time": "9999-12-31T23:59:59"},
        {"amount": 0},
        {"amount": 1e12},
        {"amount": 1e-300},
        {"amount": -3.0, "is_return": True},
        {"quantity": 1e12, "discount": -1e12},
        {"category": "'; DROP TABLE transactions; --"},
        {"category": "a\x00b", "order_id": "客户", "channel": '"'},
        {"category": None, "discount": None},
    ],
)
def test_what_is_odd_but_right_is_scored(client: httpx.Client, changed: dict[str, Any]) -> None:
    for cutoff in (GOOD["cutoff"], "2025-06-30T23:59:59.999999", "9999-12-31T23:59:59"):
        answer = _send(client, PAYLOAD, json.dumps({**_sale(**changed), "cutoff": cutoff}))
        assert answer.status_code == 200, answer.text
        assert all(isinstance(each["score"], float) for each in answer.json()["scores"])


def test_none_of_it_is_an_error_of_the_service(client: httpx.Client, log: Path) -> None:
    """Comes last: what the whole file has sent."""
    assert client.get("/readyz").status_code == 200
    written = log.read_text(encoding="utf-8")
    assert "ERROR" not in written
    assert "Traceback" not in written
