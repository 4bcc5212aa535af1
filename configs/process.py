"""Which process does a piece of work, so that what one left behind when it was killed can be told from work in hand."""

import os
import socket


def owner() -> str:
    """Name this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def gone(name: str) -> bool:
    """Whether a process of this machine has ended; of another machine's nothing is known, so it counts as running."""
    host, _, number = name.rpartition(":")
    if host != socket.gethostname() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
