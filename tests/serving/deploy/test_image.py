"""The Dockerfile: read strictly, it copies what there is, runs as nobody in particular and holds no secret."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from configs.settings import SILENCE
from experiments.server import ROOT, free_port
from tests.serving.deploy.dockerfile import command, read

TEXT = (ROOT / "serving" / "deploy" / "Dockerfile").read_text()
STAGES = read(TEXT)
LAST = STAGES[-1]
PACKAGES = ["configs", "features", "models", "training", "serving", "experiments"]


def test_it_starts_from_short_names_with_a_tag_that_stays() -> None:
    for stage in STAGES:
        assert (stage.image, stage.tag) == ("python", "3.13-slim")
    assert len(STAGES) == 2
    assert "latest" not in TEXT


def test_what_it_copies_is_there() -> None:
    copied = [said.split() for stage in STAGES for said in stage.said("COPY") if not said.startswith("--")]
    assert all((ROOT / source).exists() for source, _ in copied)
    assert [source for source, _ in copied if source in PACKAGES] == PACKAGES
    assert all(target == f"/opt/augury/{source}" for source, target in copied if source in PACKAGES)
    let_in = {line[1:] for line in _ignored() if line.startswith("!")}
    assert {source for source, _ in copied} <= {*let_in, "serving/deploy/requirements.lock"}


def _ignored() -> list[str]:
    lines = (ROOT / "serving" / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_nothing_else_of_the_folder_is_sent_to_the_builder() -> None:
    lines = _ignored()
    assert lines[0] == "*"
    assert {line for line in lines[1:] if line.startswith("!")} == {"!LICENSE", *(f"!{name}" for name in PACKAGES)}
    assert lines[-1] == "**/__pycache__"


def test_packages_are_those_of_the_lock_by_their_hashes_as_wheels() -> None:
    installs = [command(said) for said in STAGES[0].said("RUN") if "install" in said]
    assert len(installs) == 1
    assert {"--require-hashes", "--no-deps", "--only-binary", ":all:", "/requirements.lock"} <= set(installs[0])
    assert STAGES[0].said("COPY") == ["serving/deploy/requirements.lock /requirements.lock"]
    assert not [said for said in LAST.said("RUN") if "pip" in said]


def test_the_last_stage_runs_as_nobody_in_particular() -> None:
    instructions = [each for each, _ in LAST.steps]
    assert LAST.said("USER") == ["10001:10001"]
    assert instructions.index("USER") > max(place for place, each in enumerate(instructions) if each in ("RUN", "COPY"))


def test_what_is_written_goes_where_it_may() -> None:
    told = LAST.environment
    assert told["AUGURY_VAR"] == "/var/lib/augury"
    assert LAST.said("WORKDIR") == ["/var/lib/augury"]
    assert told["PYTHONDONTWRITEBYTECODE"] == "1"
    assert all(told[name].startswith("/tmp/") for name in ("MPLCONFIGDIR", "NUMBA_CACHE_DIR"))
    assert {name: told[name] for name in SILENCE if name in told}.items() <= SILENCE.items()
    assert {"BENTOML_DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY", "OMP_NUM_THREADS"} <= set(told)


def test_it_serves_and_its_health_is_its_readiness() -> None:
    assert command(LAST.said("ENTRYPOINT")[0]) == ["python", "-m", "experiments"]
    assert command(LAST.said("CMD")[0]) == ["serve", "--host", "0.0.0.0"]
    (health,) = LAST.said("HEALTHCHECK")
    asked = command(health.partition(" CMD ")[2])
    assert asked[:2] == ["python", "-c"]
    assert f"http://127.0.0.1:{LAST.said('EXPOSE')[0]}/readyz" in asked[2]


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (None, False)])
def test_a_copy_is_healthy_while_it_is_ready(status: int | None, healthy: bool) -> None:
    (health,) = LAST.said("HEALTHCHECK")
    words = command(health.partition(" CMD ")[2])
    port = free_port()
    asked = [sys.executable, words[1], words[2].replace(":3000/", f":{port}/")]
    with _answering(port, status):
        done = subprocess.run(asked, capture_output=True, timeout=30, check=False)
    assert (done.returncode == 0) == healthy


@contextmanager
def _answering(port: int, status: int | None) -> Iterator[None]:
    """Answer /readyz on a port; None: nothing listens."""
    if status is None:
        yield
        return
    told: int = status

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(told if self.path == "/readyz" else HTTPStatus.NOT_FOUND)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", port), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


def test_no_secret_and_no_host_is_in_it() -> None:
    assert "://" not in TEXT.replace("http://127.0.0.1", "")
    assert not re.search(r"(?i)password|token|secret|api_key", TEXT)
    assert "AUGURY_KEYS" not in LAST.environment


WRONG = {
    "an unknown instruction": "FROM a:1\nADD x y",
    "a step without a stage": 'RUN ["true"]',
    "a shell": "FROM a:1\nRUN pip install x && true",
    "a shell that starts": "FROM a:1\nENTRYPOINT python",
    "a stage that comes later": "FROM a:1\nCOPY --from=b x y\nFROM c:1 AS b",
    "a value that is missing": "FROM a:1\nENV PATH",
    "a health that a shell asks": "FROM a:1\nHEALTHCHECK CMD curl x",
}


@pytest.mark.parametrize("fault", WRONG)
def test_the_reader_is_strict(fault: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(WRONG[fault])
