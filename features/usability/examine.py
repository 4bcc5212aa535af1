"""`examine`: raw tables, before any of them is admitted and anything is computed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from features.engine.profile import RawTables, raw_tables
from features.finding import Finding
from features.history import Source
from features.policy import AS_IT_IS, Policy
from features.tables import TABLES, HistoryError
from features.usability.checks import ROW_CHECKS, WHOLE_CHECKS
from features.usability.evidence import Evidence
from features.usability.fault import Fault
from features.usability.question import Question
from features.usability.report import Report, TableProfile, ordered
from features.usability.scan import Told, exemplified, profiled
from features.usability.sheet import Sheet, sheet_of
from features.usability.sufficiency import answer


def examine(
    name: str,
    sources: Mapping[str, Source],
    *,
    formats: Mapping[str, str] | None = None,
    zone: str = "UTC",
    end: pd.Timestamp | None = None,
    now: pd.Timestamp | None = None,
    policy: Policy = AS_IT_IS,
    tasks: Sequence[Question] = (),
) -> Report:
    """Say whether tables can be used, what is wrong with them, and whether they suffice for the questions asked.

    The arguments are those of `features.engine.door.admit`; nothing is admitted, changed or left out. What the `policy`
    settles is a note. `now` is the instant after which nothing can have happened; without it no time is too late.
    Tables are scanned where they lie, each a few times; what does not fit into memory spills to disk.

    Raises `HistoryError` for an unknown zone only: whatever is wrong with the tables is a finding.
    """
    with raw_tables(sources, zone=zone) as raw:
        instants = tuple(None if instant is None else raw.local(instant) for instant in (end, now))
        sheets = {
            table: sheet_of(raw, table, formats=formats or {}, policy=policy, until=instants)
            for table, found in raw.tables.items()
            if table in TABLES and found.rows
        }
        profiles, told, unreadable = _rows(raw, sheets)
        evidence = Evidence(
            replace(raw, unreadable={**raw.unreadable, **unreadable}),
            given=tuple(sources),
            sheets={table: sheet for table, sheet in sheets.items() if table in profiles},
            profiles=profiles,
            formats=formats or {},
            rates=_rates(policy),
        )
        told += [Told(check, fault) for check, find in WHOLE_CHECKS.items() for fault in find(evidence)]
        findings = _findings(evidence, told)
        answers = tuple(answer(evidence, question) for question in tasks)
        end_ = "" if evidence.end is None else evidence.end.isoformat()
    tables = [table for table in TABLES if table in profiles]
    return Report(name, end_, tuple(profiles[table] for table in tables), ordered(findings, list(TABLES)), answers)


def _rows(raw: RawTables, sheets: Mapping[str, Sheet]) -> tuple[dict[str, TableProfile], list[Told], dict[str, str]]:
    """Profile each table and count what the checks of rows ask for; tables that break on the way are unreadable."""
    profiles, told, unreadable = dict[str, TableProfile](), list[Told](), dict[str, str]()
    for table, sheet in sheets.items():
        asked = [Told(check, fault) for check, find in ROW_CHECKS.items() for fault in find(sheet)]
        try:
            profiles[table], counted = profiled(raw, sheet, asked)
            told += counted
        except HistoryError as error:
            unreadable[table] = str(error)
    return profiles, told, unreadable


def _findings(evidence: Evidence, told: Sequence[Told]) -> list[Finding]:
    known = [each for each in told if not each.fault.condition]
    findings = [_finding(evidence, each, each.fault.rows, each.fault.example) for each in known]
    for table, sheet in evidence.sheets.items():
        asked = [each for each in told if each.fault.condition and each.fault.table == table]
        for each, example in exemplified(evidence.raw, sheet, asked):
            findings.append(_finding(evidence, each, each.rows or 0, example))
    return findings


def _finding(evidence: Evidence, told: Told, rows: int, example: str) -> Finding:
    """Make a finding; where the policy leaves out rows that cannot be used, such rows are a warning."""
    fault: Fault = told.fault
    sheet = evidence.sheets.get(fault.table)
    if fault.rejectable and fault.severity == "error" and sheet is not None and sheet.policy.rejects == "keep":
        fault = replace(fault, severity="warning", advice="the policy leaves these rows out; " + fault.advice)
    return fault.finding(told.check, rows=rows, example=example)


def _rates(policy: Policy) -> frozenset[str] | None:
    """Name the currencies that the policy can convert; the base is one of them."""
    if policy.currency is None:
        return None
    with raw_tables({"rates": policy.currency.rates}) as raw:
        if "rates" in raw.unreadable or "currency" not in raw.tables["rates"].types:
            return frozenset({policy.currency.base})
        found = raw.ask(f"SELECT DISTINCT CAST(currency AS VARCHAR) AS code FROM {raw.tables['rates'].relation}")
    return frozenset({policy.currency.base, *(str(each["code"]) for each in found)})
