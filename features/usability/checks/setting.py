"""Purchases that are payments of a contract: customers of a shop do not buy so."""

from collections.abc import Iterator

from features.engine.payments import query
from features.setting import judged
from features.usability.checks import whole_check
from features.usability.evidence import Evidence
from features.usability.fault import Fault


@whole_check
def payments_of_contracts(evidence: Evidence) -> Iterator[Fault]:
    """Most customers pay about the same once a week, month, quarter or year."""
    sheet = evidence.sheets.get("transactions")
    if sheet is None or not sheet.has("customer_id", "time", "amount"):
        return
    ours = ", ".join(f"{sheet.value(column)} AS {column}" for column in ("customer_id", "time", "amount"))
    kept = "customer_id IS NOT NULL AND time IS NOT NULL AND amount IS NOT NULL"
    sales = f"SELECT * FROM (SELECT {ours} FROM {sheet.relation} WHERE NOT {sheet.returned}) WHERE {kept}"
    found = judged({name: int(count) for name, count in evidence.one(query(sales)).items()})
    if found.verdict == "contractual":
        what = f"looks like payments of contracts: {found.sentence}"
        advice = (
            "hand in the table of subscriptions, and ask who of its members lapses; models of customers who leave "
            'unseen are refused, unless the study says setting = "noncontractual"'
        )
        yield Fault("note", "transactions", "time", what, advice)
