"""Arrow streams that are none, or hold what nobody can score: the exact answer, and never an error of the service."""

import random

import httpx
import numpy as np
import pyarrow as pa
import pytest

from tests.serving.conftest import OPTED_OUT
from tests.serving.streams import SEGMENTED, post, stream, table
from tests.serving.test_bad_requests import refused

NO_STREAM = "the body is no Arrow IPC stream, or not all of one"
WHOLE = stream(table())


def _file() -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table().schema) as writer:
        writer.write_table(table())
    body: bytes = sink.getvalue().to_pybytes()
    return body


def _bomb() -> bytes:
    """Write a stream of few bytes that stand for many."""
    body = stream(table(10_000, mood=pa.array(["a" * 10_000] * 10_000)), compression="zstd")
    assert len(body) < 200_000
    return body


BODIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", NO_STREAM),
    "noise": (bytes(range(256)) * 8, NO_STREAM),
    "JSON": (b'{"rows": []}', NO_STREAM),
    "the file format": (_file(), NO_STREAM),
    "Parquet": (b"PAR1" + bytes(100) + b"PAR1", NO_STREAM),
    "cut within the schema": (WHOLE[:100], NO_STREAM),
    "cut within the rows": (WHOLE[:-40], NO_STREAM),
    "a schema alone": (stream(table().slice(0, 0)), "there are no rows"),
    "no columns": (stream(pa.table({})), "there are no rows"),
    "10,001 rows": (stream(table(10_001)), "there are over 10000 rows; send less at a time"),
    "LZ4": (stream(table(), compression="lz4"), "the Arrow stream is compressed; send it uncompressed"),
    "much in little": (_bomb(), "the Arrow stream is compressed; send it uncompressed"),
}
NUMBER = "shop_segments takes 'spend' as a number, and the rows have {}"
TABLES: dict[str, tuple[pa.Table, str]] = {
    "no ids": (table(customer_id=None), f"there is no column customer_id; there are {list(SEGMENTED)}"),
    "ids of numbers": (table(customer_id=pa.array([1, 2])), "customer_id is of type int64; send strings"),
    "ids of bytes": (table(customer_id=pa.array([b"a", b"b"])), "customer_id is of type binary; send strings"),
    "ids by a dictionary": (
        table(customer_id=pa.array(["a", "b"]).dictionary_encode()),
        "customer_id is of type dictionary<values=string, indices=int32, ordered=0>; send strings",
    ),
    "an id that is null": (table(customer_id=pa.array(["a", None])), "customer_id is null in 1 rows"),
    "an empty id": (table(customer_id=pa.array(["a", ""])), "a customer_id has 1 to 200 characters"),
    "too long an id": (table(customer_id=pa.array(["a", "b" * 201])), "a customer_id has 1 to 200 characters"),
    "an id twice": (table(customer_id=pa.array(["a", "a"])), "a customer comes twice; send one row of each"),
    "a column twice": (
        pa.Table.from_arrays([*table().columns, table()["spend"]], names=[*table().column_names, "spend"]),
        "the column 'spend' comes twice",
    ),
    "2,001 columns": (
        table(**{f"f{number}": pa.array([1.0, 2.0]) for number in range(1_997)}, g=pa.nulls(2)),
        "there are over 2000 columns; send those that the models read",
    ),
    "not a number": (
        table(spend=pa.array([1.0, float("nan")])),
        "spend is no finite number in 1 rows; send null for what is not known",
    ),
    "infinity": (
        table(spend=pa.array([float("inf"), float("-inf")])),
        "spend is no finite number in 2 rows; send null for what is not known",
    ),
    "not a number where nobody looks": (
        table(mood=pa.array([1.0, float("nan")], pa.float32())),
        "mood is no finite number in 1 rows; send null for what is not known",
    ),
    "numbers beyond bounds": (
        table(spend=pa.array([1e13, 1.0])),
        "spend has numbers beyond 1e+12; send null for what is not known",
    ),
    "numbers whose sum is beyond all bounds": (
        table(spend=pa.array([1e308, 1e308])),
        "spend has numbers beyond 1e+12; send null for what is not known",
    ),
    "integers beyond bounds": (
        table(spend=pa.array([2**64 - 1, 1], pa.uint64())),
        "spend has numbers beyond 1e+12; send null for what is not known",
    ),
    "negative numbers beyond bounds": (
        table(spend=pa.array([-(2**62), 1])),
        "spend has numbers beyond 1e+12; send null for what is not known",
    ),
    "a feature of text": (table(spend=pa.array(["a", "b"])), NUMBER.format("string")),
    "a feature by a dictionary": (
        table(spend=pa.array([1.0, 2.0]).dictionary_encode()),
        NUMBER.format("dictionary<values=double, indices=int32, ordered=0>"),
    ),
    "a feature of lists": (table(spend=pa.array([[1.0], [2.0]])), NUMBER.format("list<item: double>")),
    "a feature of structs": (table(spend=pa.array([{"a": 1}, {"a": 2}])), NUMBER.format("struct<a: int64>")),
    "a feature of times": (table(spend=pa.array([1, 2], pa.timestamp("us"))), NUMBER.format("timestamp[us]")),
    "a feature of decimals": (
        table(spend=pa.array([1, 2]).cast(pa.decimal128(30, 2))),
        NUMBER.format("decimal128(30, 2)"),
    ),
    "a feature of halves": (table(spend=pa.array(np.array([1, 2], np.float16))), NUMBER.format("halffloat")),
    "a feature in runs": (
        table(spend=pa.RunEndEncodedArray.from_arrays(pa.array([2], pa.int32()), pa.array([1.0]))),
        NUMBER.format("run_end_encoded<run_ends: int32, values: double>"),
    ),
    "long texts": (
        table(mood=pa.array(["a", "b" * 201])),
        "mood has texts of over 200 characters",
    ),
    "long texts by a dictionary": (
        table(mood=pa.array(["b" * 201, "b" * 201]).dictionary_encode()),
        "mood has texts of over 200 characters",
    ),
    "a null that a model needs": (
        table(spend=pa.nulls(2)),
        "shop_segments cannot score the rows: 2 of 2 customers (first: row 0) have a null or infinite value in "
        "['days_since_last', 'purchase_days', 'spend']; leave out who has not bought yet",
    ),
    "a feature too few": (
        table(spend=None),
        "shop_segments needs the columns ['spend'], which the rows do not have",
    ),
    "pairs": (
        table(category=pa.array(["tea", "wine"])),
        "shop_segments is asked about customers, and the rows have a category",
    ),
    "a category that is null": (table(category=pa.nulls(2, pa.string())), "category is null in 2 rows"),
    "a category of numbers": (table(category=pa.array([1, 2])), "category is of type int64; send strings"),
    "a cutoff of text": (
        table(cutoff=pa.array(["2025-01-01"] * 2)),
        "cutoff is of type string; send timestamps without a zone",
    ),
    "a cutoff with a zone": (
        table(cutoff=pa.array([1, 2], pa.timestamp("us", tz="UTC"))),
        "cutoff is of type timestamp[us, tz=UTC]; send timestamps without a zone",
    ),
    "a cutoff long ago": (
        table(cutoff=pa.array([0, -2_208_988_801], pa.timestamp("s"))),
        "a cutoff lies outside the years 1900 to 2199",
    ),
    "a cutoff far ahead": (
        table(cutoff=pa.array([0, 7_258_118_400], pa.timestamp("s"))),
        "a cutoff lies outside the years 1900 to 2199",
    ),
    "a cutoff that is null": (table(cutoff=pa.nulls(2, pa.timestamp("us"))), "cutoff is null in 2 rows"),
    "eligible as text": (
        table(eligible=pa.array(["yes", "no"])),
        "eligible is of type string with 0 nulls; send true or false",
    ),
}


@pytest.mark.parametrize(("body", "message"), BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_stream(client: httpx.Client, body: bytes, message: str) -> None:
    refused(post(client, body), 400, "bad_request", message)


@pytest.mark.parametrize(("asked", "message"), TABLES.values(), ids=TABLES)
def test_a_table_that_cannot_be_scored(client: httpx.Client, asked: pa.Table, message: str) -> None:
    body = stream(asked.replace_schema_metadata({"augury.models": "shop_segments"}))
    refused(post(client, body), 422, "invalid_features", message)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("nothing", "unknown model 'nothing' Known: {}"),
        ("", "unknown model '' Known: {}"),
        ("shop_segments,segments", "unknown model 'segments'; did you mean 'shop_segments'? Known: {}"),
        (b"\xff", "unknown model '\ufffd' Known: {}"),
    ],
)
def test_models_that_nobody_knows(client: httpx.Client, named: str | bytes, message: str) -> None:
    body = stream(table().replace_schema_metadata({"augury.models": named}))
    known = "shop_churn, shop_clv, shop_cross_sell, shop_segments"
    refused(post(client, body), 404, "unknown_model", message.format(known))


def test_a_name_that_is_not_utf_8(client: httpx.Client) -> None:
    body = stream(table(xxxxxxxx=pa.array([1, 2]))).replace(b"xxxxxxxx", b"\xff" * 8)
    refused(post(client, body), 422, "invalid_features", "a column's name is not UTF-8")


def test_ids_that_are_not_utf_8(client: httpx.Client) -> None:
    body = stream(table(customer_id=pa.array(["xxxxxxxx", "b"]))).replace(b"xxxxxxxx", b"\xff" * 8)
    refused(post(client, body), 400, "bad_request", NO_STREAM)


def _pairs(categories: list[str], **columns: pa.Array) -> bytes:
    rows, features = len(categories), _features()
    made = {"customer_id": pa.array(["a"] * rows), "category": pa.array(categories)}
    made |= {"cutoff": pa.array([0] * rows, pa.timestamp("us"))}
    made |= {name: pa.array([1.0] * rows) for name in features}
    return stream(pa.table({**made, **columns}).replace_schema_metadata({"augury.models": "shop_cross_sell"}))


def _features() -> list[str]:
    return _MODELS["shop_cross_sell"]["features"]


_MODELS: dict[str, dict[str, list[str]]] = {}


@pytest.fixture
def categories(client: httpx.Client) -> list[str]:
    """Give the categories that the model of pairs tells of."""
    _MODELS.update({each["name"]: each for each in client.get("/v1/models").json()["models"]})
    return _MODELS["shop_cross_sell"]["categories"]


def test_pairs_that_are_not_whole(client: httpx.Client, categories: list[str]) -> None:
    assert post(client, _pairs(categories)).status_code == 200
    message = (
        f"shop_cross_sell needs of each customer a row of each of its categories {categories}; a column eligible says "
        "which are asked about"
    )
    for asked in (categories[1:], [*categories[1:], "mood"], [*categories, "mood"]):
        refused(post(client, _pairs(asked)), 422, "invalid_features", message)
    twice = [*categories[1:], categories[1]]
    told = "a pair of customer and category comes twice; send one row of each"
    refused(post(client, _pairs(twice)), 422, "invalid_features", told)


def test_pairs_of_which_none_is_asked_about(client: httpx.Client, categories: list[str]) -> None:
    nobody = pa.array([False] * len(categories))
    answer = post(client, _pairs(categories, eligible=nobody))
    assert answer.status_code == 200
    assert pa.ipc.open_stream(answer.content).read_all().num_rows == 0


def test_bytes_that_were_changed_are_refused_or_scored(client: httpx.Client, categories: list[str]) -> None:
    """Six hundred streams, each with some bytes changed."""
    chance, codes = random.Random(11), dict[int, int]()
    labelled = table(mood=pa.array(["up", "down"]).dictionary_encode(), customer_id=pa.array(["a", OPTED_OUT]))
    bodies = (WHOLE, stream(labelled), _pairs(categories))
    for _ in range(600):
        body = bytearray(chance.choice(bodies))
        for _ in range(chance.choice((1, 1, 2, 6))):
            body[chance.randrange(len(body))] = chance.choice((0, 1, 127, 128, 255, chance.randrange(256)))
        status = post(client, bytes(body)).status_code
        codes[status] = codes.get(status, 0) + 1
    assert set(codes) <= {200, 400, 404, 422}
    assert min(codes[200], codes[400], codes[422]) > 20
