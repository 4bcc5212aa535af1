"""How far a customer buys the shop's own brands, which tie customers to it: Ailawadi, Pauwels and Steenkamp (2008),
"Private-label use and store loyalty". Needs private_label (true or false) of transactions.
"""

from features.declaration import feature
from features.expression import Events, Number


@feature()
def private_label_share(e: Events) -> Number:
    """Share of the spend that went to own brands; lines that do not say count as none. Unit: share."""
    return e.where(e["private_label"])["amount"].sum() / e["amount"].sum()
