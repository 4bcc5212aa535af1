"""The lines of a statement and how they add up: costs are negative, so that each subtotal is the sum of its lines.

Contribution 1, 2 and 3 are the steps of a direct-costing statement (Riebel 1994, "Einzelkosten- und
Deckungsbeitragsrechnung"): after what is sold, after how it is sold and paid, after who it is sold to.
"""

from collections.abc import Mapping
from typing import Final

STATEMENT: Final[Mapping[str, tuple[str, ...]]] = {
    "net_revenue": ("gross_revenue", "discounts", "coupons", "returns"),
    "contribution_1": ("net_revenue", "product_cost"),
    "contribution_2": ("contribution_1", "order_cost", "payment_cost", "return_cost"),
    "contribution_3": ("contribution_2", "contact_cost", "acquisition_cost", "service_cost"),
    "profit": ("contribution_3", "administration", "other_cost"),
}
"""Each subtotal, and what it is the sum of."""

TITLES: Final[Mapping[str, str]] = {
    "gross_revenue": "Gross revenue",
    "discounts": "Discounts",
    "coupons": "Coupons",
    "returns": "Returns",
    "net_revenue": "Net revenue",
    "product_cost": "Product cost",
    "contribution_1": "Contribution 1 (gross margin)",
    "order_cost": "Order cost",
    "payment_cost": "Payment fees",
    "return_cost": "Handling of returns",
    "contribution_2": "Contribution 2 (after channel cost)",
    "contact_cost": "Contacts",
    "acquisition_cost": "Acquisition",
    "service_cost": "Cost to serve",
    "contribution_3": "Contribution 3 (of customers)",
    "administration": "Administration",
    "other_cost": "Not attributed",
    "profit": "Profit",
}
"""Lines and subtotals in the order of the statement, as a reader knows them."""

LINES: Final = tuple(name for name in TITLES if name not in STATEMENT)
"""Lines that are no subtotal: they are counted, the others are made of them."""
