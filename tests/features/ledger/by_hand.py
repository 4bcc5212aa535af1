"""A shop of twelve lines, four customers and two channels, and its statement as it is reckoned by hand.

anna  bought for 60.00 in order W1 and 15.50 in S1, and sent the tea of 20.00 back. Gross is 50.00 + 20.00 + 15.50, of
      which 10.00 was taken off, 2.00 of it by coupon. Product cost is 22.00 + 0.55 · 20.00 + 9.30, less what can be
      sold again: 0.80 · 0.55 · 20.00. Her order of 2024 is in no line, but tells that nobody won her in 2025.
ben   bought at the till; payment fees are 0.01 · 133.33 = 1.3333. His last line, at midnight, is of the next year.
cleo  sent all of W2 back, of whose 300.00 a coupon paid 50.00. Her fees are 0.029 · 258.00 = 7.482.
dora  was written to twice and never bought.

Fees are 1.895 + 1.3333 + 7.482 = 10.7103 together, so 10.71: of 1.90, 1.34 and 7.49 the two cents too many go back to
cleo (.8) and ben (.67). Contacts are 0.852 + 0.752 = 1.604, so 1.60. Administration is
100.00 · 55.50 / 196.83 = 28.1969 of anna, 67.7386 of ben and 4.0644 of cleo: two cents are left for ben and anna. The
spend on the kiosk won nobody.
"""

import io

import pandas as pd

from configs.costs import CostSheet
from features.engine.door import admit
from features.history import History

LINES = """
customer_id order_id time             channel amount  discount coupon cost    is_return
anna        S0       2024-12-31T12:00 store   60.00   0.00     0.00   30.00   false
anna        W1       2025-01-10T09:00 web     40.00   10.00    2.00   22.00   false
anna        W1       2025-01-10T09:00 web     20.00   0.00     0.00   -       false
anna        R1       2025-01-20T09:00 web     -20.00  0.00     0.00   -       true
ben         S2       2025-02-01T18:00 store   99.99   0.00     0.00   70.00   false
ben         S2       2025-02-01T18:00 store   0.01    0.00     0.00   -       false
anna        S1       2025-03-05T12:00 store   15.50   0.00     0.00   9.30    false
cleo        W2       2025-06-15T20:00 web     250.00  50.00    50.00  180.00  false
cleo        R2       2025-06-20T20:00 web     -250.00 -50.00   -50.00 -180.00 true
cleo        W3       2025-07-01T00:00 web     8.00    0.00     0.00   6.00    false
ben         S3       2025-12-31T23:59 store   33.33   3.33     0.00   -       false
ben         S4       2026-01-01T00:00 store   500.00  0.00     0.00   1.00    false
"""

TOUCHES = """
customer_id time             campaign channel treatment cost
anna        2025-01-02T08:00 new_year email   true      -
anna        2025-02-02T08:00 winter   post    true      0.85
ben         2025-02-02T08:00 winter   email   false     -
dora        2025-02-02T08:00 winter   post    true      -
dora        2025-03-02T08:00 spring   email   true      0.002
"""

EVENTS = """
customer_id time             kind
cleo        2025-06-16T10:00 complaint
cleo        2025-06-17T10:00 visit
anna        2026-01-01T00:00 complaint
"""

SHEET = CostSheet.model_validate(
    {
        "title": "by hand",
        "currency": "EUR",
        "since": "2025-01-01",
        "until": "2026-01-01",
        "product": {"share": "0.55", "resold": "0.80"},
        "order": {"default": "0.40", "channels": {"web": "3.50"}},
        "payment": {"default": "0.01", "channels": {"web": "0.029"}},
        "returned": {"default": "4.25"},
        "contact": {"default": "0.75", "channels": {"email": "0.002"}},
        "service": {"customer_year": "3.65", "events": {"complaint": "6.00"}},
        "administration": {"amount": "100.00", "by": "net_revenue"},
        "acquisition": [
            {"channel": "web", "since": "2025-01-01", "until": "2025-07-01", "amount": "20.00"},
            {"channel": "store", "since": "2025-01-01", "until": "2026-01-01", "amount": "9.99"},
            {"channel": "kiosk", "since": "2025-01-01", "until": "2026-01-01", "amount": "5.00"},
        ],
        "not_attributed": {"brand_advertising": "12.34"},
    }
)

STATEMENT = """
line             anna   ben    cleo    dora  nobody company
gross_revenue    85.50  136.66 308.00  0.00  0.00   530.16
discounts        -8.00  -3.33  0.00    0.00  0.00   -11.33
coupons          -2.00  0.00   -50.00  0.00  0.00   -52.00
returns          -20.00 0.00   -250.00 0.00  0.00   -270.00
net_revenue      55.50  133.33 8.00    0.00  0.00   196.83
product_cost     -33.50 -88.34 -6.00   0.00  0.00   -127.84
contribution_1   22.00  44.99  2.00    0.00  0.00   68.99
order_cost       -3.90  -0.80  -7.00   0.00  0.00   -11.70
payment_cost     -1.90  -1.33  -7.48   0.00  0.00   -10.71
return_cost      -4.25  0.00   -4.25   0.00  0.00   -8.50
contribution_2   11.95  42.86  -16.73  0.00  0.00   38.08
contact_cost     -0.85  0.00   0.00    -0.75 0.00   -1.60
acquisition_cost 0.00   -9.99  -20.00  0.00  -5.00  -34.99
service_cost     -3.65  -3.65  -9.65   0.00  0.00   -16.95
contribution_3   7.45   29.22  -46.38  -0.75 -5.00  -15.46
administration   -28.20 -67.74 -4.06   0.00  0.00   -100.00
other_cost       0.00   0.00   0.00    0.00  -12.34 -12.34
profit           -20.75 -38.52 -50.44  -0.75 -17.34 -127.80
"""


def table(text: str) -> pd.DataFrame:
    """Read one of the tables above; a dash is nothing."""
    return pd.read_csv(io.StringIO(text.strip()), sep=r"\s+", na_values=["-"], dtype={"customer_id": str})


def by_line() -> dict[str, dict[str, int]]:
    """Give the statement in cents."""
    told = table(STATEMENT).set_index("line")
    return {str(line): {str(name): round(100 * each) for name, each in row.items()} for line, row in told.iterrows()}


def tables() -> dict[str, pd.DataFrame]:
    """Give the tables of the shop."""
    return {"transactions": table(LINES), "touches": table(TOUCHES), "events": table(EVENTS)}


def shop(**changed: pd.DataFrame) -> History:
    """Give the shop as a history, with some tables changed."""
    return admit("by_hand", {**tables(), **changed}, end=pd.Timestamp("2026-02-01"))
