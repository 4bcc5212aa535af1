"""What is wrong with a body is answered as such: the exact status, code and message, and never a value."""

import json
from typing import Any

import httpx
import pytest

from tests.serving.raw import JSON

SCORE, PAYLOAD, BULK, OFFERS = "/v1/score", "/v1/score/payload", "/v1/bulk", "/v1/offers"
KNOWN = "C0000001"
MODELS = "shop_churn, shop_clv, shop_cross_sell, shop_segments"
NO_ISO = "is no ISO time such as 2025-12-31T23:59:00Z, of the years 1 to 9999 - at `$.{}`"

TEXTS: dict[str, tuple[str, str | bytes, str]] = {
    "broken": (SCORE, '{"customer_ids": ["a"', "Input data was truncated"),
    "cut within a word": (SCORE, '{"customer_ids": ["a"], "models": nul', "Input data was truncated"),
    "cut within a text": (PAYLOAD, '{"customer_id": "a", "cutoff": "2025-01', "Input data was truncated"),
    "nothing": (SCORE, "", "Input data was truncated"),
    "no payload": (PAYLOAD, "", "Input data was truncated"),
    "spaces": (SCORE, "   ", "Input data was truncated"),
    "two bodies": (SCORE, '{"customer_ids": ["a"]} {}', "JSON is malformed: trailing characters (byte 25)"),
    "a form": (SCORE, "customer_ids=a", "JSON is malformed: invalid character (byte 0)"),
    "single quotes": (SCORE, "{'customer_ids': ['a']}", "JSON is malformed: object keys must be strings (byte 1)"),
    "a comment": (SCORE, '{"customer_ids": ["a"]} // mine', "JSON is malformed: trailing characters (byte 25)"),
    "a comma too many": (SCORE, '{"customer_ids": ["a",]}', "JSON is malformed: trailing comma in array (byte 22)"),
    "not UTF-8": (
        SCORE,
        b'{"customer_ids": ["\xff\xfe"]}',
        "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
    ),
    "Latin-1": (
        SCORE,
        '{"customer_ids": ["Müller"]}'.encode("latin-1"),
        "'utf-8' codec can't decode byte 0xfc in position 1: invalid start byte",
    ),
    "UTF-16": (
        SCORE,
        '{"customer_ids": ["a"]}'.encode("utf-16"),
        "JSON is malformed: invalid character (byte 0)",
    ),
    "UTF-32": (SCORE, '{"customer_ids": ["a"]}'.encode("utf-32"), "JSON is malformed: invalid character (byte 0)"),
    "a byte order mark": (
        SCORE,
        '{"customer_ids": ["a"]}'.encode("utf-8-sig"),
        "JSON is malformed: invalid character (byte 0)",
    ),
    "a surrogate as UTF-8": (
        SCORE,
        b'{"customer_ids": ["\xed\xa0\xbe"]}',
        "'utf-8' codec can't decode byte 0xed in position 0: invalid continuation byte",
    ),
    "half a surrogate pair": (SCORE, r'{"customer_ids": ["\ud83e"]}', "Input data was truncated"),
    "a surrogate pair the wrong way": (
        SCORE,
        r'{"customer_ids": ["\udd8a\ud83e"]}',
        "JSON is malformed: invalid utf-16 surrogate pair (byte 25)",
    ),
    "a raw line break": (SCORE, '{"customer_ids": ["a\nb"]}', "JSON is malformed: invalid character (byte 20)"),
    "an unknown escape": (
        SCORE,
        r'{"customer_ids": ["\x"]}',
        "JSON is malformed: invalid escape character in string (byte 21)",
    ),
    "not a number": (
        SCORE,
        '{"customer_ids":["a"],"explain":NaN}',
        "JSON is malformed: invalid character (byte 32)",
    ),
    "infinity": (
        PAYLOAD,
        '{"customer_id":"a","features":{"spend":Infinity}}',
        "JSON is malformed: invalid character (byte 39)",
    ),
    "minus infinity": (
        PAYLOAD,
        '{"customer_id":"a","features":{"spend":-Infinity}}',
        "JSON is malformed: invalid character (byte 40)",
    ),
    "1e400": (
        PAYLOAD,
        '{"customer_id":"a","features":{"spend":1e400}}',
        "Number out of range - at `$.features[...]`",
    ),
    "-1e400": (
        PAYLOAD,
        '{"customer_id":"a","features":{"spend":-1e400}}',
        "Number out of range - at `$.features[...]`",
    ),
    "a number that begins with 0": (
        PAYLOAD,
        '{"customer_id":"a","features":{"spend":01}}',
        "JSON is malformed: invalid number (byte 40)",
    ),
    "an array": (SCORE, '["a"]', "Expected `object`, got `array`"),
    "an array of requests": (SCORE, '[{"customer_ids": ["a"]}]', "Expected `object`, got `array`"),
    "a text": (SCORE, '"a"', "Expected `object`, got `str`"),
    "a number": (SCORE, "1", "Expected `object`, got `int`"),
    "null": (SCORE, "null", "Expected `object`, got `null`"),
    "true": (SCORE, "true", "Expected `object`, got `bool`"),
    "an array as payload": (PAYLOAD, "[]", "Expected `object`, got `array`"),
    "100,000 arrays in each other": (SCORE, "[" * 100_000 + "]" * 100_000, "Expected `object`, got `array`"),
    "100,000 objects in each other": (
        SCORE,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        "Object contains unknown field `a`",
    ),
    "ids in each other": (
        SCORE,
        '{"customer_ids": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "Expected `str`, got `array` - at `$.customer_ids[0]`",
    ),
    "features in each other": (
        PAYLOAD,
        '{"customer_id":"a","features":{"x":' + "[" * 100_000 + "]" * 100_000 + "}}",
        "Expected `float | str | null`, got `array` - at `$.features[...]`",
    ),
}
IDS: dict[str, tuple[dict[str, Any], str]] = {
    "no ids": ({}, "Object missing required field `customer_ids`"),
    "misspelt ids": ({"customer_id": ["a"]}, "Object contains unknown field `customer_id`"),
    "an unknown key": ({"customer_ids": [KNOWN], "top": 1}, "Object contains unknown field `top`"),
    "ids as text": ({"customer_ids": KNOWN}, "Expected `array`, got `str` - at `$.customer_ids`"),
    "ids as an object": ({"customer_ids": {"0": KNOWN}}, "Expected `array`, got `object` - at `$.customer_ids`"),
    "ids as null": ({"customer_ids": None}, "Expected `array`, got `null` - at `$.customer_ids`"),
    "a number as id": ({"customer_ids": [4711]}, "Expected `str`, got `int` - at `$.customer_ids[0]`"),
    "null as id": ({"customer_ids": [KNOWN, None]}, "Expected `str`, got `null` - at `$.customer_ids[1]`"),
    "a list as id": ({"customer_ids": [[KNOWN]]}, "Expected `str`, got `array` - at `$.customer_ids[0]`"),
    "an empty list of ids": ({"customer_ids": []}, "Expected `array` of length >= 1 - at `$.customer_ids`"),
    "an empty id": ({"customer_ids": [""]}, "Expected `str` of length >= 1 - at `$.customer_ids[0]`"),
    "1,001 ids": (
        {"customer_ids": [f"c{number}" for number in range(1001)]},
        "Expected `array` of length <= 1000 - at `$.customer_ids`",
    ),
    "1,001 times one id": (
        {"customer_ids": [KNOWN] * 1001},
        "Expected `array` of length <= 1000 - at `$.customer_ids`",
    ),
    "too long an id": ({"customer_ids": ["a" * 201]}, "Expected `str` of length <= 200 - at `$.customer_ids[0]`"),
    "201 foxes": ({"customer_ids": ["🦊" * 201]}, "Expected `str` of length <= 200 - at `$.customer_ids[0]`"),
    "models as text": (
        {"customer_ids": [KNOWN], "models": "shop_churn"},
        "Expected `array | null`, got `str` - at `$.models`",
    ),
    "no models": ({"customer_ids": [KNOWN], "models": []}, "Expected `array` of length >= 1 - at `$.models`"),
    "a number as model": ({"customer_ids": [KNOWN], "models": [1]}, "Expected `str`, got `int` - at `$.models[0]`"),
    "51 models": ({"customer_ids": [KNOWN], "models": ["m"] * 51}, "Expected `array` of length <= 50 - at `$.models`"),
    "minus one reason": ({"customer_ids": [KNOWN], "explain": -1}, "Expected `int` >= 0 - at `$.explain`"),
    "11 reasons": ({"customer_ids": [KNOWN], "explain": 11}, "Expected `int` <= 10 - at `$.explain`"),
    "true as reasons": ({"customer_ids": [KNOWN], "explain": True}, "Expected `int`, got `bool` - at `$.explain`"),
    "half a reason": ({"customer_ids": [KNOWN], "explain": 0.5}, "Expected `int`, got `float` - at `$.explain`"),
    "reasons as text": ({"customer_ids": [KNOWN], "explain": "3"}, "Expected `int`, got `str` - at `$.explain`"),
}
OFFERED: dict[str, tuple[dict[str, Any], str]] = {
    "no offers": ({"top": 0}, "Expected `int` >= 1 - at `$.top`"),
    "101 offers": ({"top": 101}, "Expected `int` <= 100 - at `$.top`"),
    "more than certain": ({"at_least": 1.1}, "Expected `float` <= 1.0 - at `$.at_least`"),
    "less than impossible": ({"at_least": -0.1}, "Expected `float` >= 0.0 - at `$.at_least`"),
    "only nothing": ({"only": []}, "Expected `array` of length >= 1 - at `$.only`"),
    "without a name": ({"exclude": [""]}, "Expected `str` of length >= 1 - at `$.exclude[0]`"),
    "null as what to leave out": ({"exclude": None}, "Expected `array`, got `null` - at `$.exclude`"),
    "several models": ({"models": ["shop_cross_sell"]}, "Object contains unknown field `models`"),
    "a model without a name": ({"model": ""}, "Expected `str` of length >= 1 - at `$.model`"),
}
SALE = {"time": "2025-06-01T10:00:00", "amount": 12.5, "category": "tea", "discount": 0.0}
GOOD = {"customer_id": "new", "cutoff": "2025-07-01T00:00:00", "transactions": [SALE]}
HISTORIES: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown key": ({"as_of": "2025-07-01"}, "Object contains unknown field `as_of`"),
    "an empty id": ({"customer_id": ""}, "Expected `str` of length >= 1 - at `$.customer_id`"),
    "too long an id": ({"customer_id": "a" * 201}, "Expected `str` of length <= 200 - at `$.customer_id`"),
    "a number as id": ({"customer_id": 4711}, "Expected `str`, got `int` - at `$.customer_id`"),
    "no sale": ({"transactions": []}, "Expected `array` of length >= 1 - at `$.transactions`"),
    "sales as an object": (
        {"transactions": {"0": SALE}},
        "Expected `array | null`, got `object` - at `$.transactions`",
    ),
    "sales of text": ({"transactions": ["2025"]}, "Expected `object`, got `str` - at `$.transactions[0]`"),
    "10,001 sales": ({"transactions": [SALE] * 10_001}, "Expected `array` of length <= 10000 - at `$.transactions`"),
    "a sale without time": (
        {"transactions": [{"amount": 1.0}]},
        "Object missing required field `time` - at `$.transactions[0]`",
    ),
    "a sale without amount": (
        {"transactions": [{"time": "2025-06-01"}]},
        "Object missing required field `amount` - at `$.transactions[0]`",
    ),
    "a cutoff that is a number": ({"cutoff": 20250701}, "Expected `str | null`, got `int` - at `$.cutoff`"),
    "a word as cutoff": ({"cutoff": "now"}, "Expected `str` of length >= 10 - at `$.cutoff`"),
}
SALES: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown column": ({"price": 1.0}, "Object contains unknown field `price` - at `{}`"),
    "another's sale": ({"customer_id": "other"}, "Object contains unknown field `customer_id` - at `{}`"),
    "an amount of text": ({"amount": "12.5"}, "Expected `float`, got `str` - at `{}.amount`"),
    "null as amount": ({"amount": None}, "Expected `float`, got `null` - at `{}.amount`"),
    "true as amount": ({"amount": True}, "Expected `float`, got `bool` - at `{}.amount`"),
    "a list as amount": ({"amount": [12.5]}, "Expected `float`, got `array` - at `{}.amount`"),
    "an amount beyond bounds": ({"amount": 1e13}, "Expected `float` <= 1000000000000.0 - at `{}.amount`"),
    "an integer of 400 digits": ({"amount": 10**400}, "Number out of range - at `{}.amount`"),
    "a quantity beyond bounds": ({"quantity": -1e13}, "Expected `float` >= -1000000000000.0 - at `{}.quantity`"),
    "an empty category": ({"category": ""}, "Expected `str` of length >= 1 - at `{}.category`"),
    "a number as category": ({"category": 7}, "Expected `str | null`, got `int` - at `{}.category`"),
    "a return that is neither": ({"is_return": "perhaps"}, "Expected `bool`, got `str` - at `{}.is_return`"),
    "1 as a return": ({"is_return": 1}, "Expected `bool`, got `int` - at `{}.is_return`"),
    "null as time": ({"time": None}, "Expected `str`, got `null` - at `{}.time`"),
    "seconds since 1970": ({"time": 1748772000}, "Expected `str`, got `int` - at `{}.time`"),
    "an empty time": ({"time": ""}, "Expected `str` of length >= 10 - at `{}.time`"),
    "a date of digits": ({"time": "20250601"}, "Expected `str` of length >= 10 - at `{}.time`"),
    "a long time": ({"time": "2025-06-01" + " " * 31}, "Expected `str` of length <= 40 - at `{}.time`"),
    "the year 9999999": (
        {"time": "9999999-01-01"},
        r"Expected `str` matching regex '^\\d{{4}}-\\d\\d-\\d\\d' - at `{}.time`",
    ),
    "a German date": (
        {"time": "01.06.2025"},
        r"Expected `str` matching regex '^\\d{{4}}-\\d\\d-\\d\\d' - at `{}.time`",
    ),
}
NO_TIMES = {
    "the year 0": "0000-01-01",
    "a time before the year 1 in UTC": "0001-01-01T00:00:00+14:00",
    "a time after the year 9999 in UTC": "9999-12-31T23:59:59-14:00",
    "30 February": "2025-02-30",
    "month 13": "2025-13-01",
    "hour 25": "2025-06-01T25:00:00",
    "a zone's name": "2025-06-01T10:00:00 Europe/Berlin",
    "Arabic digits": "٢٠٢٥-٠٦-٠١",
    "an offset of 99 hours": "2025-06-01T10:00:00+99:00",
    "SQL": "2025-06-01'; DROP TABLE customers; --",
}
FEATURED: dict[str, tuple[dict[str, Any], str]] = {
    "features as a list": ([1.0], "Expected `object | null`, got `array` - at `$.features`"),  # type: ignore[dict-item]
    "a feature without a name": ({"": 1}, "Expected `str` of length >= 1 - at `key` in `$.features`"),
    "a list as a value": ({"spend": [1]}, "Expected `float | str | null`, got `array` - at `$.features[...]`"),
    "true as a value": ({"spend": True}, "Expected `float | str | null`, got `bool` - at `$.features[...]`"),
    "a value beyond bounds": ({"spend": 1e13}, "Expected `float` <= 1000000000000.0 - at `$.features[...]`"),
    "an empty text": ({"spend": ""}, "Expected `str` of length >= 1 - at `$.features[...]`"),
}
ROW = {"customer_id": "a", "features": {"days_since_last": 1, "purchase_days": 1, "spend": 1}}
ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "no rows": ({}, "Object missing required field `rows`"),
    "an empty list of rows": ({"rows": []}, "Expected `array` of length >= 1 - at `$.rows`"),
    "10,001 rows": (
        {"rows": [{"customer_id": "a", "features": {}}] * 10_001},
        "Expected `array` of length <= 10000 - at `$.rows`",
    ),
    "a row without features": (
        {"rows": [{"customer_id": "a"}]},
        "Object missing required field `features` - at `$.rows[0]`",
    ),
    "a row's own cutoff": (
        {"rows": [ROW | {"cutoff": "2025-01-01"}]},
        "Object contains unknown field `cutoff` - at `$.rows[0]`",
    ),
    "reasons in bulk": ({"rows": [ROW], "explain": 1}, "Object contains unknown field `explain`"),
    "a year as cutoff": ({"rows": [ROW], "cutoff": "2025"}, "Expected `str` of length >= 10 - at `$.cutoff`"),
}
SEGMENTED = {"customer_id": "a", "models": ["shop_segments"]}
UNDERSTOOD: dict[str, tuple[str, dict[str, Any], int, str, str]] = {
    "neither sales nor features": (
        PAYLOAD,
        {"customer_id": "a"},
        400,
        "bad_request",
        "send either transactions (with a cutoff) or features",
    ),
    "both": (
        PAYLOAD,
        {**GOOD, "features": {"spend": 1}},
        400,
        "bad_request",
        "send either transactions (with a cutoff) or features",
    ),
    "sales without a cutoff": (
        PAYLOAD,
        {"customer_id": "a", "transactions": [SALE]},
        400,
        "bad_request",
        "transactions need a cutoff: the instant to predict from - at `$.cutoff`",
    ),
    "a cutoff long ago": (
        PAYLOAD,
        {**GOOD, "cutoff": "1899-12-31T23:59:59"},
        400,
        "bad_request",
        "a cutoff lies in the years 1900 to 2199 - at `$.cutoff`",
    ),
    "a cutoff far ahead": (
        BULK,
        {"rows": [ROW], "cutoff": "2200-01-01"},
        400,
        "bad_request",
        "a cutoff lies in the years 1900 to 2199 - at `$.cutoff`",
    ),
    "no day as cutoff": (PAYLOAD, {**GOOD, "cutoff": "2025-02-30"}, 400, "bad_request", NO_ISO.format("cutoff")),
    "no day as cutoff in bulk": (
        BULK,
        {"rows": [ROW], "cutoff": "2025-02-30"},
        400,
        "bad_request",
        NO_ISO.format("cutoff"),
    ),
    "an unknown model": (
        SCORE,
        {"customer_ids": [KNOWN], "models": ["shop_churn", "shop_clw"]},
        404,
        "unknown_model",
        f"unknown model 'shop_clw'; did you mean 'shop_clv' or 'shop_churn' or 'shop_cross_sell'? Known: {MODELS}",
    ),
    "a model in capitals": (
        PAYLOAD,
        {**GOOD, "models": ["SHOP"]},
        404,
        "unknown_model",
        f"unknown model 'SHOP' Known: {MODELS}",
    ),
    "an unknown model of rows": (
        BULK,
        {"rows": [ROW], "models": ["x" * 200]},
        404,
        "unknown_model",
        f"unknown model '{'x' * 200}' Known: {MODELS}",
    ),
    "an unknown model of offers": (
        OFFERS,
        {"customer_ids": [KNOWN], "model": "x"},
        404,
        "unknown_model",
        f"unknown model 'x' Known: {MODELS}",
    ),
    "offers of a model that has none": (
        OFFERS,
        {"customer_ids": [KNOWN], "model": "shop_churn"},
        422,
        "not_of_pairs",
        "shop_churn tells of no categories; ask shop_cross_sell",
    ),
    "a negative amount that is no return": (
        PAYLOAD,
        {**GOOD, "transactions": [{**SALE, "amount": -3.0}]},
        422,
        "invalid_history",
        "the payload cannot be used:\n- transactions.amount is negative but not marked as a return: 1 rows, such as "
        "{'time': '2025-06-01 10:00:00', 'amount': '-3.0', 'category': 'tea', 'discount': '0.0', 'is_return': 'false', "
        "'customer_id': 'new'}; set is_return on such rows, drop them, or say policy returns = 'net' or 'drop'",
    ),
    "a feature called as a key": (
        PAYLOAD,
        {"customer_id": "a", "features": {"customer_id": 1}},
        422,
        "invalid_features",
        "'customer_id' is no feature; keys stand beside the features",
    ),
    "a text where a number belongs": (
        PAYLOAD,
        {**SEGMENTED, "features": {"days_since_last": "x", "purchase_days": 1, "spend": 1}},
        422,
        "invalid_features",
        "shop_segments takes 'days_since_last' as a number, and the rows have string",
    ),
    "null where a model needs a number": (
        PAYLOAD,
        {**SEGMENTED, "features": {"days_since_last": None, "purchase_days": 1, "spend": 1}},
        422,
        "invalid_features",
        "shop_segments cannot score the rows: 1 of 1 customers (first: row 0) have a null or infinite value in "
        "['days_since_last', 'purchase_days', 'spend']; leave out who has not bought yet",
    ),
    "a feature too few": (
        PAYLOAD,
        {**SEGMENTED, "features": {"days_since_last": 1, "spend": 1}},
        422,
        "invalid_features",
        "shop_segments needs the columns ['purchase_days'], which the rows do not have",
    ),
    "2,001 features": (
        PAYLOAD,
        {**SEGMENTED, "features": {f"f{number}": 1 for number in range(2_001)}},
        422,
        "invalid_features",
        "there are over 2000 columns; send those that the models read",
    ),
    "a row twice": (
        BULK,
        {"rows": [ROW, ROW]},
        422,
        "invalid_features",
        "a customer comes twice; send one row of each",
    ),
    "numbers in one row and texts in another": (
        BULK,
        {"rows": [ROW, {"customer_id": "b", "features": {"spend": "x"}}]},
        422,
        "invalid_features",
        "the features ['spend'] are numbers in some rows and texts in others",
    ),
}


def refused(answer: httpx.Response, status: int, error: str, message: str) -> None:
    """Check that an answer is what every refusal is, word for word."""
    assert answer.headers["content-type"] == JSON
    assert answer.status_code == status, answer.text
    assert answer.json() == {"error": error, "message": message, "request_id": answer.headers["x-request-id"]}


def post(client: httpx.Client, route: str, content: str | bytes) -> httpx.Response:
    return client.post(route, content=content, headers={"content-type": JSON})


def _bad(client: httpx.Client, route: str, content: str | bytes, told: str) -> None:
    message = f"the body is not what this route takes: {told}; see /openapi.json"
    refused(post(client, route, content), 400, "bad_request", message)


@pytest.mark.parametrize(("route", "content", "told"), TEXTS.values(), ids=TEXTS)
def test_a_body_that_is_no_request(client: httpx.Client, route: str, content: str | bytes, told: str) -> None:
    _bad(client, route, content, told)


@pytest.mark.parametrize(("request_", "told"), IDS.values(), ids=IDS)
def test_ids(client: httpx.Client, request_: dict[str, Any], told: str) -> None:
    _bad(client, SCORE, json.dumps(request_), told)
    if "models" not in request_ and "top" not in request_:
        _bad(client, OFFERS, json.dumps(request_), told)


@pytest.mark.parametrize(("changed", "told"), OFFERED.values(), ids=OFFERED)
def test_offers(client: httpx.Client, changed: dict[str, Any], told: str) -> None:
    _bad(client, OFFERS, json.dumps({"customer_ids": [KNOWN], **changed}), told)


@pytest.mark.parametrize(("changed", "told"), HISTORIES.values(), ids=HISTORIES)
def test_a_history(client: httpx.Client, changed: dict[str, Any], told: str) -> None:
    _bad(client, PAYLOAD, json.dumps({**GOOD, **changed}), told)


@pytest.mark.parametrize(("changed", "told"), SALES.values(), ids=SALES)
def test_a_sale(client: httpx.Client, changed: dict[str, Any], told: str) -> None:
    """The first of two is right."""
    request = {**GOOD, "transactions": [SALE, {**SALE, **changed}]}
    _bad(client, PAYLOAD, json.dumps(request), told.format("$.transactions[1]"))


@pytest.mark.parametrize("time", NO_TIMES.values(), ids=NO_TIMES)
def test_a_time_that_is_none(client: httpx.Client, time: str) -> None:
    for request, place in (
        ({**GOOD, "transactions": [SALE, {**SALE, "time": time}]}, "transactions[1].time"),
        ({**GOOD, "cutoff": time}, "cutoff"),
    ):
        refused(post(client, PAYLOAD, json.dumps(request)), 400, "bad_request", NO_ISO.format(place))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("column", ["amount", "quantity", "discount"])
def test_a_number_that_is_none(client: httpx.Client, column: str, number: str) -> None:
    content = json.dumps({**GOOD, "transactions": [{**SALE, column: "@"}]}).replace('"@"', number)
    place = content.index(number.lstrip("-"))
    _bad(client, PAYLOAD, content, f"JSON is malformed: invalid character (byte {place})")


@pytest.mark.parametrize(("features", "told"), FEATURED.values(), ids=FEATURED)
def test_features(client: httpx.Client, features: Any, told: str) -> None:
    _bad(client, PAYLOAD, json.dumps({"customer_id": "a", "features": features}), told)


@pytest.mark.parametrize(("request_", "told"), ROWS.values(), ids=ROWS)
def test_rows(client: httpx.Client, request_: dict[str, Any], told: str) -> None:
    _bad(client, BULK, json.dumps(request_), told)


@pytest.mark.parametrize(("route", "request_", "status", "error", "message"), UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_what_is_understood_and_cannot_be_answered(
    client: httpx.Client, route: str, request_: dict[str, Any], status: int, error: str, message: str
) -> None:
    refused(post(client, route, json.dumps(request_)), status, error, message)


def test_of_a_key_that_comes_twice_the_last_counts(client: httpx.Client) -> None:
    answer = post(client, SCORE, '{"customer_ids": ["first"], "customer_ids": ["last"]}')
    assert [each["customer_id"] for each in answer.json()["results"]] == ["last"]
    _bad(client, SCORE, '{"customer_ids": ["a"], "customer_ids": []}', IDS["an empty list of ids"][1])


def test_many_different_features_take_no_time(client: httpx.Client) -> None:
    """As many names as fit, each in one row of many: laid out as a table they would be a thousand million cells."""
    rows = [{"customer_id": f"c{row}", "features": {f"{row}.{n}": 1 for n in range(100)}} for row in range(10_000)]
    answer = post(client, BULK, json.dumps({"rows": rows}, separators=(",", ":")))
    assert answer.elapsed.total_seconds() < 10
    told = "there are over 400 features, too many for 10000 rows; send those that the models read"
    refused(answer, 422, "invalid_features", told)
