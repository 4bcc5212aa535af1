"""The category of what was bought, from the table of products where transactions have none of their own."""

from dataclasses import replace

import duckdb

from features.engine.admission.inline import inlined
from features.engine.admission.ready import Ready

_PRODUCTS = {"product_id": "VARCHAR", "category": "VARCHAR"}


def with_category(opened: duckdb.DuckDBPyConnection, transactions: Ready, products: Ready | None) -> Ready:
    """Add the category of each row's product, none where it is not known; nothing where there is one already."""
    if products is None or "category" in transactions.columns:
        return transactions
    if "category" not in products.columns or "product_id" not in transactions.columns:
        return transactions
    categories = f"SELECT product_id, category FROM ({products.query})"
    if transactions.stays and not products.stays:
        categories = inlined(opened.execute(categories).fetchall(), _PRODUCTS)
    joined = f"({transactions.query}) AS t LEFT JOIN ({categories}) AS p ON p.product_id = t.product_id"
    return replace(
        transactions,
        query=f"SELECT t.*, p.category FROM {joined}",
        columns=(*transactions.columns, "category"),
        attach=transactions.attach or products.attach,
    )
