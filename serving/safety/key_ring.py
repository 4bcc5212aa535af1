"""Keys that change while the service runs."""

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from serving.safety.key_file import KeyFileFault, Stamp
from serving.safety.keys import Caller, Keys

logger = logging.getLogger(__name__)


class KeyRing:
    """The keys of a file that is looked at again at most every `every` seconds, when somebody asks.

    A key is thus refused at the latest `every` seconds after the file says so. Where the new file is broken or gone the
    old keys stay: `fault` says why, `faults` counts such files, `reloads` those that were taken.
    """

    def __init__(self, path: Path, *, every: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Read the file. Raises `FileNotFoundError` and `KeyFileFault`: a service does not start without its keys."""
        self.path, self.every, self._clock = path, every, clock
        self.reloads, self.faults = 0, 0
        self.fault: str | None = None
        self._lock = threading.Lock()
        self._due = clock() + every
        self._stamp = _stamp(path)
        self._keys = Keys.read(path)

    def who(self, presented: str | bytes | None, at: datetime) -> Caller:
        """Tell whose key this is at an instant (with a time zone), as `Keys.who` does. Raises `NotAllowed`."""
        if self._clock() >= self._due:
            self._look()
        return self._keys.who(presented, at)

    def __len__(self) -> int:
        """Count the keys, those that no longer count too."""
        return len(self._keys)

    def _look(self) -> None:
        """Read the file again where it changed; who asks meanwhile waits, so that nobody is answered by old keys."""
        with self._lock:
            now = self._clock()
            if now < self._due:
                return
            stamp = _stamp(self.path)
            if stamp != self._stamp:
                self._read()
                self._stamp = stamp
            self._due = now + self.every

    def _read(self) -> None:
        try:
            self._keys = Keys.read(self.path)
        except (OSError, KeyFileFault) as error:
            self.faults += 1
            self.fault = str(error)
            logger.error("the API keys stay as they were: %s", error)
        else:
            self.reloads += 1
            self.fault = None
            logger.info("API keys read again: %d", len(self._keys))


def _stamp(path: Path) -> Stamp | None:
    """Take the stamp before the file is read: what changes in between is then seen by the next look."""
    try:
        return Stamp.of(os.stat(path))
    except OSError:
        return None
