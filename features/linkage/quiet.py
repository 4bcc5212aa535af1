"""Splink tells the console much of what it learns; whoever wants to hear it sets a level for the logger `splink`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Let Splink log no more than errors for a while, unless its logger has a level of its own."""
    logger = logging.getLogger("splink")
    before = logger.level
    if before == logging.NOTSET:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
