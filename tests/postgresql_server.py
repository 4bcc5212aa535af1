"""A PostgreSQL server for tests: a throw-away cluster on a free port of the loopback address."""

import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PASSWORD, QUOTED = "gehe!m 47%11@/#", "gehe%21m%2047%2511%40%2F%23"


def _program(name: str) -> str | None:
    """Find a program of the server: on PATH, or where Debian and Ubuntu keep it."""
    return shutil.which(name) or next(iter(sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)), None)


def _somebody() -> dict[str, Any]:
    """Say as whom to run the server: it refuses to run as root."""
    if os.getuid() != 0:
        return {}
    known = {each.pw_name for each in pwd.getpwall()}
    found = pwd.getpwnam("postgres" if "postgres" in known else "nobody")
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


def uri(port: int) -> str:
    """Say where the server is, with its password."""
    return f"postgresql://augury:{QUOTED}@127.0.0.1:{port}/postgres"


@contextmanager
def server() -> Iterator[int]:
    """Run a server until the block ends; gives its port. Skips the test where there is none to run."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("NO POSTGRESQL SERVER HERE: initdb is neither on PATH nor in /usr/lib/postgresql/*/bin; install it")
    somebody, folder = _somebody(), Path(tempfile.mkdtemp(prefix="pg"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])

    def run(*command: str) -> None:
        with (folder / "told").open("a") as told:  # a pipe would stay open in the server
            done = subprocess.run(command, cwd=folder, stdout=told, stderr=told, timeout=60, **somebody)
        assert done.returncode == 0, (folder / "told").read_text()

    try:
        (folder / "password").write_text(PASSWORD)
        for path in (folder, folder / "password"):
            os.chown(path, somebody.get("user", -1), somebody.get("group", -1))
        data, password = str(folder / "data"), str(folder / "password")
        run(initdb, "-D", data, "-U", "augury", "-A", "scram-sha-256", "--pwfile", password, "-N", "-E", "UTF8")
        options = f"-p {free} -h 127.0.0.1 -k {folder} -F"
        run(pg_ctl, "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield free
        finally:
            run(pg_ctl, "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)
