"""What a check says before its rows are counted."""

from dataclasses import dataclass

from features.finding import Finding, Severity


@dataclass(frozen=True)
class Fault:
    """Something wrong, or worth knowing, at a table or column.

    With a `condition` (SQL over the table's rows) it is about the rows that meet it: they are counted, and none means
    that there is no such fault. Without one, `rows` and `example` are what the check already knows. The door can leave
    out the rows of a `rejectable` one.
    """

    severity: Severity
    table: str
    column: str
    what: str
    advice: str
    condition: str = ""
    rows: int = 0
    example: str = ""
    rejectable: bool = False

    def finding(self, check: str, *, rows: int, example: str) -> Finding:
        """Make it the finding of a check."""
        return Finding(check, self.severity, self.table, self.column, rows, self.what, example, self.advice)
