"""Logs as JSON lines, without what requests say.

BentoML 1.4 logs each 4xx as an ERROR with the exception (`http_app.log_exception`), and what pydantic says of a bad
value holds the value; uvicorn and asyncio log exceptions too. Those are personal data here. An exception that may come
from a request is therefore logged as its type and the lines of code it passed, not by its message.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Final, TextIO

WATCHING: Final = "serving.live"
"""What these log comes from the registry and the store, never from a request."""
STARTING: Final = ("Initializing service error", "Exception in 'lifespan' protocol")
"""What others say, with an exception, before there are requests."""
SERVERS: Final = ("bentoml", "uvicorn", "circus")
ACCESS: Final = ("bentoml.access", "uvicorn.access")
"""These log paths with their queries, and addresses of people; the audit log says who asked."""


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, logger, message, process, and of a request its id."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line; what breaks lines or is no text is escaped."""
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            "process": record.process,
        }
        request_id = getattr(record, "request_id", None)
        if request_id is not None:
            said["request_id"] = str(request_id)
        exception = record.exc_text or (self.formatException(record.exc_info) if record.exc_info else None)
        if exception:
            said["exception"] = exception
        return json.dumps(said)


class InputsOut(logging.Filter):
    """Keeps values of requests out: where a record's exception may come from one, only its type and place stay."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record, so that no other handler writes the values either; drops none."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and _of_a_request(record):
            record.msg, record.args = _message(record).partition("\n")[0], ()
            record.exc_text, record.exc_info = _places(error), None
        return True


def quiet_logs(stream: TextIO | None = None) -> None:
    """Let everything this process logs go to one stream (default: stdout) as JSON lines, without values of requests.

    For the start of a service's instance, when BentoML has set up its own handlers: those of it, of uvicorn and of
    circus are taken away, and loggers that it silenced (asyncio's, which tells of background tasks that failed) speak
    again. Levels stay, but nothing logs single requests, and ours are told from INFO on.
    """
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonLines())
    handler.addFilter(InputsOut())
    for logger in [logging.getLogger(name) for name in (*logging.root.manager.loggerDict, *ACCESS)]:
        logger.disabled = False
        if logger.name.partition(".")[0] in SERVERS:
            logger.handlers.clear()
            logger.propagate = True
    logging.root.handlers[:] = [handler]
    for name in ACCESS:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("serving").setLevel(logging.INFO)
    logging.raiseExceptions = False


def _of_a_request(record: logging.LogRecord) -> bool:
    watching = record.name == WATCHING or record.name.startswith(f"{WATCHING}.")
    return not watching and not _message(record).startswith(STARTING)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # a record that does not fit its own words is still told, without its values
        return str(record.msg)


def _places(error: BaseException) -> str:
    """Give the type of an exception and where it passed, the last call last; likewise of what led to it."""
    lines: list[str] = []
    told: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in told:
        told.add(id(now))
        frames = traceback.extract_tb(now.__traceback__)
        places = [f'  File "{each.filename}", line {each.lineno}, in {each.name}' for each in frames]
        lines = [*places, f"{type(now).__module__}.{type(now).__qualname__}", *lines]
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
    return "\n".join(lines)
