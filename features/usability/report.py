"""What an examination found: the tables as they are, what is wrong with them, and which questions they can answer."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, get_args

from features.finding import Finding, Severity
from features.usability.question import Answer

WORST_FIRST: Final = get_args(Severity)


@dataclass(frozen=True)
class ColumnProfile:
    """A column as it lies: its SQL type, filled rows, distinct values, the least and the greatest as text.

    `distinct` is exact for tables of up to 5 million rows, else within some per cent. `unfit` counts filled rows whose
    value is none of the type that the column must have, `clocked` times that are no midnight. `sizes` counts positive
    numbers by eighths of a power of two.
    """

    name: str
    type: str
    rows: int
    filled: int
    distinct: int
    least: str | None
    greatest: str | None
    unfit: int = 0
    clocked: int = 0
    sizes: dict[int, int] = field(default_factory=dict)

    @property
    def nulls(self) -> float:
        """Share of rows without a value."""
        return 1 - self.filled / self.rows if self.rows else 0.0

    def plain(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        shown = ("name", "type", "distinct", "least", "greatest")
        return {**{name: getattr(self, name) for name in shown}, "nulls": round(self.nulls, 4)}


@dataclass(frozen=True)
class TableProfile:
    """A table as it lies."""

    name: str
    rows: int
    columns: tuple[ColumnProfile, ...]

    def plain(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        return {"name": self.name, "rows": self.rows, "columns": [column.plain() for column in self.columns]}


@dataclass(frozen=True)
class Report:
    """What is known of tables before anything is computed from them. `findings` are in order, the worst first.

    `end` is the first instant of which nothing is known, in ISO; empty where no time could be read.
    """

    name: str
    end: str
    tables: tuple[TableProfile, ...]
    findings: tuple[Finding, ...]
    tasks: tuple[Answer, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the tables can be used as they are: there is no error."""
        return not self.of("error")

    def of(self, severity: Severity) -> list[Finding]:
        """Give the findings of one severity."""
        return [finding for finding in self.findings if finding.severity == severity]

    def plain(self) -> dict[str, Any]:
        """Give plain data for JSON."""
        return {
            "name": self.name,
            "end": self.end,
            "ok": self.ok,
            "tables": [table.plain() for table in self.tables],
            "findings": [finding.plain() for finding in self.findings],
            "tasks": [asdict(task) for task in self.tasks],
        }

    def summary(self) -> str:
        """Say in one line what came out."""
        counts = ", ".join(_count(len(self.of(severity)), severity) for severity in WORST_FIRST)
        return f"{self.name} {'can be used' if self.ok else 'cannot be used as it is'}: {counts}"

    def text(self) -> str:
        """Say everything in lines of text."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield self.summary()
        for table in self.tables:
            yield f"\n{table.name}: {table.rows} rows"
            for column in table.columns:
                values = (
                    f"{column.least} to {column.greatest}, {column.distinct} distinct" if column.filled else "empty"
                )
                yield f"  {column.name} {column.type}: {column.nulls:.1%} null; {values}"
        for severity in WORST_FIRST:
            found = self.of(severity)
            if found:
                yield f"\n{severity}s"
                yield from (f"- [{finding.check}] {finding.line()}" for finding in found)
        if self.tasks:
            yield "\nquestions"
            yield from (f"- {task.line()}" for task in self.tasks)


def ordered(findings: Sequence[Finding], tables: Sequence[str]) -> tuple[Finding, ...]:
    """Sort findings: the worst first, then by table in the order given, then those about most rows."""
    place = {table: position for position, table in enumerate(tables)}

    def key(finding: Finding) -> tuple[int, int, str, int, str, str]:
        where = (place.get(finding.table, len(place)), finding.table)
        return (WORST_FIRST.index(finding.severity), *where, -finding.rows, finding.column, finding.check)

    return tuple(sorted(findings, key=key))


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
