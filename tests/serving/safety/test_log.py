"""Logs: a line of JSON for each record, and nothing of what requests say, of a real service too."""

import io
import json
import logging
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from configs.settings import SILENCE
from experiments.server import free_port
from serving.safety.log import InputsOut, JsonLines

VALUE = "anna.example@mail.test"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """Give what is logged, by loggers that are not those of this process's tests."""
    out, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines())
    handler.addFilter(InputsOut())
    root.addHandler(handler)
    yield out
    root.removeHandler(handler)


def only(said: io.StringIO) -> dict[str, Any]:
    [line] = said.getvalue().splitlines()
    told: dict[str, Any] = json.loads(line)
    return told


def failing(cause: Exception | None = None) -> None:
    raise LookupError(f"no {VALUE}") from cause


def test_a_record_is_one_line(said: io.StringIO) -> None:
    logging.getLogger("serving.live").warning("swapped %s\nto %d é", "churn", 2)
    told = only(said)
    assert {name: told[name] for name in ("level", "logger", "message", "process")} == {
        "level": "WARNING",
        "logger": "serving.live",
        "message": "swapped churn\nto 2 é",
        "process": os.getpid(),
    }
    assert told["time"].endswith("+00:00")
    assert list(told) == ["time", "level", "logger", "message", "process"]


def test_time_is_in_utc() -> None:
    record = logging.LogRecord("serving", logging.INFO, "", 0, "so", (), None)
    record.created = 1_767_225_600.25
    assert json.loads(JsonLines().format(record))["time"] == "2026-01-01T00:00:00.250+00:00"


def test_the_request_is_named_where_there_is_one(said: io.StringIO) -> None:
    logging.getLogger("serving").warning("slow", extra={"request_id": "r-18"})
    assert only(said)["request_id"] == "r-18"


def test_what_is_no_text_and_what_does_not_fit_are_told_still(said: io.StringIO) -> None:
    logging.getLogger("serving").warning("a \ud800 %s", b"\xff")
    assert only(said)["message"] == "a \ud800 b'\\xff'"
    odd = logging.LogRecord("serving", logging.INFO, "", 0, "%d of %d", (VALUE,), None)
    assert json.loads(JsonLines().format(odd))["message"] == "%d of %d"


@pytest.mark.parametrize(
    "logger", ["bentoml._internal.server.http_app", "bentoml.serve", "uvicorn.error", "asyncio", "x"]
)
def test_an_exception_of_others_is_told_without_what_it_says(logger: str, said: io.StringIO) -> None:
    try:
        failing(ValueError(VALUE))
    except LookupError:
        logging.getLogger(logger).exception("Exception on %s [%s]\nfuture: %s", "/v1/score", "POST", VALUE)
    told = only(said)
    assert told["message"] == "Exception on /v1/score [POST]"
    assert told["exception"].splitlines()[0] == "builtins.ValueError"
    assert told["exception"].splitlines()[-1] == "builtins.LookupError"
    assert f'File "{__file__}", line ' in told["exception"]
    assert ", in failing" in told["exception"]
    assert VALUE not in said.getvalue()


@pytest.mark.parametrize("logger", ["serving.api.app", "serving", "serving.lively", "models.trees"])
def test_ours_too_whether_it_names_its_request_or_not(logger: str, said: io.StringIO) -> None:
    try:
        failing()
    except LookupError:
        logging.getLogger(logger).exception("no answer")
    assert VALUE not in said.getvalue()
    assert only(said)["exception"].endswith("builtins.LookupError")


@pytest.mark.parametrize(
    ("logger", "message"),
    [
        ("serving.live", "the model stays as it was"),
        ("bentoml.serve", "Initializing service error"),
        ("uvicorn.error", "Exception in 'lifespan' protocol\n"),
    ],
)
def test_outside_of_requests_an_exception_says_what_is_wrong(logger: str, message: str, said: io.StringIO) -> None:
    try:
        failing()
    except LookupError:
        logging.getLogger(logger).exception(message)
    assert only(said)["exception"].endswith(f"LookupError: no {VALUE}")


def test_no_other_handler_writes_the_values_either(said: io.StringIO) -> None:
    """The record itself is changed."""
    after = io.StringIO()
    plain = logging.StreamHandler(after)
    logging.getLogger().addHandler(plain)
    try:
        failing()
    except LookupError:
        logging.getLogger("bentoml.serve").exception("Exception on %s", "/v1/score")
    finally:
        logging.getLogger().removeHandler(plain)
    assert VALUE not in after.getvalue()
    assert "builtins.LookupError" in after.getvalue()


def test_the_exception_itself_goes_no_further() -> None:
    """Handlers that send exceptions elsewhere read them of the record."""
    error = LookupError(VALUE)
    record = logging.LogRecord("bentoml", logging.ERROR, "", 0, "so %s", (1,), (LookupError, error, None))
    assert InputsOut().filter(record)
    assert (record.exc_info, record.exc_text, record.getMessage()) == (None, "builtins.LookupError", "so 1")


def test_exceptions_that_go_round_in_a_circle_end(said: io.StringIO) -> None:
    one, other = ValueError(VALUE), KeyError(VALUE)
    one.__cause__, other.__cause__ = other, one
    logging.getLogger("bentoml").error("so", exc_info=one)
    assert only(said)["exception"].splitlines() == ["builtins.KeyError", "builtins.ValueError"]


def test_what_led_to_an_exception_is_left_out_where_it_said_so(said: io.StringIO) -> None:
    try:
        try:
            failing()
        except LookupError:
            raise ValueError(VALUE) from None
    except ValueError:
        logging.getLogger("bentoml").exception("so")
    assert "LookupError" not in only(said)["exception"]


SERVICE = """
import asyncio, gc, os
import bentoml
from pydantic import BaseModel
from starlette.applications import Starlette
from serving.safety.log import quiet_logs

class Asked(BaseModel, extra="forbid"):
    age: int

app = Starlette()

async def broken(request):
    raise LookupError((await request.body()).decode())

async def forgotten(request):
    async def lost(said):
        raise LookupError(said)
    asyncio.ensure_future(lost((await request.body()).decode()))
    await asyncio.sleep(0.05)
    gc.collect()
    raise LookupError("so")

app.add_route("/broken", broken, methods=["POST"])
app.add_route("/forgotten", forgotten, methods=["POST"])

@bentoml.asgi_app(app, path="/mounted")
@bentoml.service(traffic={"timeout": 5})
class Loud:
    def __init__(self):
        if os.environ.get("QUIET"):
            quiet_logs()
        if os.environ.get("ENDS"):
            raise LookupError("no champion; run `augury train`")

    @bentoml.api(route="/asked")
    def asked(self, request: Asked, /) -> dict:
        return {}

    @bentoml.api(route="/raised")
    def raised(self, name: str) -> dict:
        if name.startswith("b"):
            raise bentoml.exceptions.InvalidArgument(name)
        raise KeyError(name)
"""


BODIES: list[tuple[str, dict[str, Any]]] = [
    ("/asked", {"age": VALUE}),
    ("/asked", {"age": 1, VALUE: 1}),
    ("/raised", {"name": VALUE}),
    ("/raised", {"name": f"b{VALUE}"}),
    ("/mounted/broken", {"name": VALUE}),
    ("/mounted/forgotten", {"name": VALUE}),
]


def started(folder: Path, port: int, **environment: str) -> "subprocess.Popen[bytes]":
    (folder / "loud.py").write_text(SERVICE)
    command = [sys.executable, "-m", "bentoml", "serve", "loud:Loud", "--host", "127.0.0.1", "--port", str(port)]
    known = {"BENTOML_HOME": str(folder / "bentoml"), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with (folder / "log").open("w") as out:
        return subprocess.Popen(
            [*command, "--working-dir", str(folder)],
            env={**os.environ, **SILENCE, **known, **environment},
            cwd=folder,
            stdout=out,
            stderr=out,
        )


def log_of(folder: Path, **environment: str) -> list[str]:
    """Run the service, send it a value in every way that it fails on, and give what it logged."""
    port = free_port()
    process = started(folder, port, **environment)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url)
        codes = [httpx.post(url + route, params={"id": VALUE}, json=body).status_code for route, body in BODIES]
    finally:
        process.terminate()
        process.wait(timeout=20)
    assert codes == [400, 400, 500, 400, 500, 500]
    return (folder / "log").read_text().splitlines()


def _wait(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise RuntimeError("the service did not become ready")


def test_a_real_service_logs_values_of_requests_unless_it_is_told(tmp_path: Path) -> None:
    """Why this is needed: BentoML as it comes."""
    assert VALUE in "\n".join(log_of(tmp_path))


def test_a_real_service_logs_none_when_it_is(tmp_path: Path) -> None:
    lines = log_of(tmp_path, QUIET="1")
    assert VALUE not in "\n".join(lines)
    told = [json.loads(line) for line in lines if line.startswith("{")]
    failed = [each for each in told if each["level"] == "ERROR"]
    types = [each["exception"].splitlines()[-1].rpartition(".")[2] for each in failed if "exception" in each]
    assert Counter(types) == {"ValidationError": 2, "KeyError": 1, "InvalidArgument": 1, "LookupError": 3}
    assert "asyncio" in {each["logger"] for each in failed}
    assert not any("127.0.0.1:" in each["message"] for each in told)
    assert not any("Traceback" in line for line in lines)


def test_a_service_that_cannot_start_says_why(tmp_path: Path) -> None:
    process = started(tmp_path, free_port(), QUIET="1", ENDS="1")
    deadline = time.monotonic() + 60
    try:
        while "run `augury train`" not in (tmp_path / "log").read_text() and time.monotonic() < deadline:
            time.sleep(0.2)
    finally:
        process.terminate()
        process.wait(timeout=20)
    told = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines() if line.startswith("{")]
    [failed] = [each for each in told if each["message"] == "Initializing service error"][:1]
    assert "no champion; run `augury train`" in failed["exception"]
