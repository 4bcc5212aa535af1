"""What is wrong, or worth knowing, about a table: one check's word on it."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
"""An error stops, a warning is recorded with every run on the data, a note is for the reader."""


@dataclass(frozen=True)
class Finding:
    """A check's word on a table or a column: how many rows it is about, one of them, and what to do.

    `column` is empty where the whole table is meant, `rows` 0 where no row is.
    """

    check: str
    severity: Severity
    table: str
    column: str
    rows: int
    what: str
    example: str
    advice: str

    @property
    def place(self) -> str:
        """Name table and column."""
        return f"{self.table}.{self.column}" if self.column else self.table

    def line(self) -> str:
        """Say it in one line."""
        rows = f": {self.rows} rows" if self.rows else ""
        example = f", such as {self.example}" if self.example else ""
        return f"{self.place} {self.what}{rows}{example}; {self.advice}"

    def plain(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        return asdict(self)
