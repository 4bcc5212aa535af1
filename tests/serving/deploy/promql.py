"""Just enough of PromQL to tell which metrics and labels an expression names, and that its brackets close."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

FUNCTIONS = {"sum", "max", "min", "count", "rate", "increase", "changes", "histogram_quantile", "absent", "vector"}
WORDS = {"by", "or", "and", "unless", "without", "on", "ignoring", "group_left", "group_right", "bool"}
_LISTS = {"by", "without", "on", "ignoring"}
_TOKEN = re.compile(
    r"""\s+|(?P<text>"[^"\\]*")|(?P<range>\[(?:\d+[smhd]|\$__rate_interval)\])|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<name>[a-zA-Z_:][\w:]*)|(?P<sign>=~|!~|!=|==|<=|>=|[-+*/<>=(){},])"""
)
_CLOSES = {")": "(", "}": "{"}


@dataclass(frozen=True)
class Named:
    """What an expression names: metrics with the labels that it asks of them, and labels that it groups by."""

    metrics: list[tuple[str, dict[str, str]]]
    grouped: set[str]


def named(expression: str) -> Named:
    """Read an expression. Raises `ValueError` for what is no PromQL, or a function that is not known here."""
    tokens = list(_tokens(expression))
    metrics: list[tuple[str, dict[str, str]]] = []
    grouped: set[str] = set()
    place = 0
    while place < len(tokens):
        kind, token = tokens[place]
        following = tokens[place + 1][1] if place + 1 < len(tokens) else ""
        if token in _LISTS:
            end = _end(tokens, place + 1, "(", ")")
            grouped |= {word for kind, word in tokens[place + 2 : end] if kind == "name"}
            place = end
        elif token in FUNCTIONS and (following == "(" or following in _LISTS):
            pass
        elif kind == "name" and token not in WORDS:
            end = _end(tokens, place + 1, "{", "}") if following == "{" else place
            metrics.append((token, _matchers(tokens[place + 2 : end])))
            place = end
        place += 1
    return Named(metrics, grouped)


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    place, open_ = 0, list[str]()
    while place < len(expression):
        found = _TOKEN.match(expression, place)
        if found is None:
            raise ValueError(f"no PromQL at {expression[place : place + 20]!r}")
        place = found.end()
        if found.lastgroup:
            token = found.group()
            if token in _CLOSES.values():
                open_.append(token)
            elif token in _CLOSES and (not open_ or open_.pop() != _CLOSES[token]):
                raise ValueError(f"{token} closes nothing in {expression!r}")
            yield found.lastgroup, token
    if open_:
        raise ValueError(f"{open_[-1]} is not closed in {expression!r}")


def _end(tokens: list[tuple[str, str]], start: int, opens: str, closes: str) -> int:
    if tokens[start][1] != opens:
        raise ValueError(f"{opens} is missing before {tokens[start][1]!r}")
    return next(place for place in range(start, len(tokens)) if tokens[place][1] == closes)


def _matchers(tokens: list[tuple[str, str]]) -> dict[str, str]:
    """Read `label="value", …`."""
    words = [token for _, token in tokens if token != ","]
    if len(words) % 3 or any(sign not in ("=", "=~", "!=", "!~") for sign in words[1::3]):
        raise ValueError(f"no matchers: {words}")
    return dict(zip(words[::3], (value.strip('"') for value in words[2::3]), strict=True))
