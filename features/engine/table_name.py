"""The name of a table as people write it: `scores`, `crm.scores`, `"Scores 2025"`."""

from dataclasses import dataclass

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from features.engine.render import identifier


@dataclass(frozen=True)
class TableName:
    """A table and its schema, if one is said, each as the database knows it."""

    name: str
    schema: str | None = None

    @property
    def sql(self) -> str:
        """Write it for SQL, quoted."""
        return ".".join(identifier(each) for each in (self.schema, self.name) if each)


def table_of(said: str) -> TableName:
    """Read a name; what is not quoted is in small letters. Raises `ValueError` for anything but a name."""
    try:
        read = parse_one(said, into=exp.Table, dialect="postgres")
    except SqlglotError:
        read = None
    said_more = {key for key, value in read.args.items() if value} - {"this", "db"} if read else {"nothing"}
    if not isinstance(read, exp.Table) or not isinstance(read.this, exp.Identifier) or said_more:
        raise ValueError(f'{said!r} is no name of a table; write table, schema.table or "A Table"')
    return TableName(_folded(read.this), _folded(read.args["db"]) if read.args.get("db") else None)


def _folded(part: exp.Identifier) -> str:
    return str(part.name) if part.quoted else str(part.name).lower()
