"""What a page consists of: sections of texts, facts, lists, tables and pictures, as plain values for any template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    shape: ClassVar = "text"
    text: str


@dataclass(frozen=True)
class Facts:
    """Names and what they stand for."""

    shape: ClassVar = "facts"
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Points:
    """A list."""

    shape: ClassVar = "points"
    points: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table; a row's first cell heads it. The row that `strong` heads stands out."""

    shape: ClassVar = "table"
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    strong: str | None = None


@dataclass(frozen=True)
class Picture:
    """A picture as a data URI, what is seen on it (`alt`), and how to read it (`caption`)."""

    shape: ClassVar = "picture"
    uri: str
    alt: str
    caption: str = ""


Block = Text | Facts | Points | Table | Picture


@dataclass(frozen=True)
class Section:
    """A part of a page under a heading."""

    title: str
    blocks: Sequence[Block]

    @property
    def id(self) -> str:
        """What it is linked to by."""
        return "-".join(self.title.lower().split())
