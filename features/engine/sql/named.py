"""Expressions that become columns of a query, each once, under a name of its own."""

from dataclasses import dataclass, field

from sqlglot import exp


@dataclass
class Named:
    """Expressions and their names: a prefix and a number."""

    prefix: str
    names: dict[exp.Expr, str] = field(default_factory=dict)

    def of(self, expression: exp.Expr) -> str:
        """Name an expression; the same one keeps its name."""
        return self.names.setdefault(expression, f"{self.prefix}{len(self.names)}")

    def aliases(self) -> list[exp.Expr]:
        """Give the expressions under their names, for a select list."""
        return [exp.alias_(expression, name) for expression, name in self.names.items()]
