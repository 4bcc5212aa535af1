"""Processes: what runs, what has ended, and what nothing is known of."""

import os
import socket
import subprocess
import sys

import pytest

from configs.process import gone, owner


def test_this_process_is_named_and_runs() -> None:
    assert owner() == f"{socket.gethostname()}:{os.getpid()}"
    assert not gone(owner())


def test_a_process_that_was_killed_has_ended() -> None:
    """A zombie, killed and not yet waited for, has not: its number is still taken."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    name = f"{socket.gethostname()}:{process.pid}"
    assert not gone(name)
    process.kill()
    process.wait()
    assert gone(name)


def test_a_process_of_another_user_runs() -> None:
    assert not gone(f"{socket.gethostname()}:1")


@pytest.mark.parametrize("name", ["elsewhere:999999999", "", ":", "999999999", f"{socket.gethostname()}:", "a:b:c"])
def test_of_what_is_no_process_of_this_machine_nothing_is_known(name: str) -> None:
    assert not gone(name)


def test_a_number_that_no_process_has_is_gone() -> None:
    assert gone(f"{socket.gethostname()}:{2**22 + 7}")
