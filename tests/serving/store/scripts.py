"""Scripts that run as processes of their own, since what they do could end them."""

import resource
import subprocess
import sys


def python(script: str, *args: object, limit: int | None = None) -> str:
    """Run a script of its own process, whose files may have so many bytes; gives what it prints."""

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-c", script, *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, preexec_fn=limited)
    assert done.returncode == 0, f"{done.returncode}: {done.stderr}"
    return done.stdout
