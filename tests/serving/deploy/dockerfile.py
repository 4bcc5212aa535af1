"""A strict reader of Dockerfiles: known instructions, commands as lists, stages that are named before they are used."""

import json
import re
from dataclasses import dataclass, field

KNOWN = {"FROM", "COPY", "RUN", "ENV", "WORKDIR", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
_FROM = re.compile(r"(?P<image>\S+?)(?::(?P<tag>[\w.-]+))?(?: AS (?P<name>[a-z]+))?")


@dataclass
class Stage:
    """An image that is made: from what, and by which instructions."""

    image: str
    tag: str | None
    name: str | None
    steps: list[tuple[str, str]] = field(default_factory=list)

    def said(self, instruction: str) -> list[str]:
        """Give what is said by an instruction, in order."""
        return [text for each, text in self.steps if each == instruction]

    @property
    def environment(self) -> dict[str, str]:
        """What ENV sets."""
        return dict(pair.split("=", 1) for text in self.said("ENV") for pair in text.split())


def read(text: str) -> list[Stage]:
    """Read a Dockerfile. Raises `ValueError` for what is not understood."""
    stages: list[Stage] = []
    for line in _lines(text):
        instruction, _, said = line.partition(" ")
        if instruction not in KNOWN:
            raise ValueError(f"unknown instruction {instruction!r}")
        if instruction == "FROM":
            stages.append(_stage(said))
        elif not stages:
            raise ValueError(f"{instruction} before FROM")
        else:
            _check(instruction, said, stages)
            stages[-1].steps.append((instruction, said))
    return stages


def command(said: str) -> list[str]:
    """Read a command that is a list of words: no shell reads it."""
    words = json.loads(said)
    if not isinstance(words, list) or not words or not all(isinstance(each, str) for each in words):
        raise ValueError(f"no list of words: {said}")
    return words


def _lines(text: str) -> list[str]:
    kept = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [re.sub(r"\s+", " ", line).strip() for line in re.sub(r"\\\n", " ", "\n".join(kept)).splitlines()]


def _stage(said: str) -> Stage:
    found = _FROM.fullmatch(said)
    if found is None:
        raise ValueError(f"FROM {said}")
    return Stage(found["image"], found["tag"], found["name"])


def _check(instruction: str, said: str, stages: list[Stage]) -> None:
    if instruction in ("RUN", "ENTRYPOINT", "CMD"):
        command(said)
    elif instruction == "HEALTHCHECK":
        command(said.partition(" CMD ")[2])
    elif instruction == "COPY":
        flag, *paths = said.split() if said.startswith("--") else ["", *said.split()]
        if flag and flag.removeprefix("--from=") not in {each.name for each in stages[:-1]}:
            raise ValueError(f"{flag} names no stage before")
        if len(paths) != 2:
            raise ValueError(f"COPY {said}")
    elif instruction == "ENV" and not all("=" in pair for pair in said.split()):
        raise ValueError(f"ENV {said}")
