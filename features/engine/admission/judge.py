"""Which tables, columns and rows are unusable, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from features.engine.admission import rejects
from features.engine.admission.faults import repeated_keys, row_rules, table_faults
from features.engine.admission.incoming import Incoming, reading
from features.engine.admission.ready import Ready
from features.engine.admission.rules import Rule, any_of, counted
from features.finding import Finding
from features.history import Scan
from features.policy import Policy
from features.tables import HistoryError


@dataclass(frozen=True)
class Judged:
    """A table with the faults that stop it, and the rules that make some of its rows unusable, each with a count."""

    table: Incoming
    faults: Sequence[Finding]
    unusable: Sequence[tuple[Rule, Finding]]

    @property
    def rules(self) -> list[Rule]:
        """Give the rules that some rows meet."""
        return [rule for rule, _ in self.unusable]

    def ready(self) -> Ready:
        """Give the usable rows as ours."""
        source = self.table.source
        query = self.table.query(any_of(self.rules) if self.unusable else "")
        attach = source.attach if isinstance(source, Scan) else None
        return Ready(self.table.name, query, self.table.columns, isinstance(source, Scan), attach)

    def errors(self, policy: Policy) -> list[Finding]:
        """Give what stops the admission: unusable rows too, unless they are kept beside."""
        return [*self.faults, *([] if policy.rejects == "keep" else [finding for _, finding in self.unusable])]

    def warnings(self, rejected: Path) -> list[Finding]:
        """Tell which rows are left out."""
        where = f"these rows were left out; they lie in {rejects.path_of(rejected, self.table.name)}"
        return [replace(finding, check="rejects", severity="warning", advice=where) for _, finding in self.unusable]


def judge(opened: duckdb.DuckDBPyConnection, table: Incoming, policy: Policy) -> Judged:
    """Look at a table and at all of its rows."""
    with reading(table.name):
        faults = list(table_faults(table, policy))
        unusable = counted(opened, table.raw, row_rules(table, policy))
        return Judged(table, [*faults, *repeated_keys(opened, table)], unusable)


def refuse(name: str, findings: Sequence[Finding]) -> None:
    """Raise `HistoryError` that lists the errors among the findings, if there are any."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        told = "\n".join(f"- {finding.line()}" for finding in errors)
        raise HistoryError(f"{name} cannot be used:\n{told}", errors)
