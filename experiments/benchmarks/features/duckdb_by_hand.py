"""DuckDB's SQL as an expert writes it: customer-days once, then one GROUP BY a cutoff."""

from collections.abc import Callable
from datetime import date

import duckdb
import pyarrow as pa

from experiments.benchmarks.features.question import Question

DAYS = """
CREATE TEMP TABLE summed AS
SELECT customer_id, day, count(*) AS orders, sum(amount) AS amount, sum(discount) AS discount, sum(items) AS items,
    sum(lines) AS lines, sum(discounted) AS discounted, sum(web) AS web, sum(squares) AS squares,
    max(largest) AS largest
FROM (
    SELECT customer_id, order_id, min(time)::DATE AS day, count(*)::DOUBLE AS lines, sum(amount::DOUBLE) AS amount,
        sum(discount::DOUBLE) AS discount, sum(quantity::DOUBLE) AS items, sum((discount > 0)::DOUBLE) AS discounted,
        sum((channel = 'web')::DOUBLE) AS web, sum(amount::DOUBLE * amount) AS squares, max(amount) AS largest
    FROM '{files}' WHERE NOT is_return AND time < TIMESTAMP '{last}' GROUP BY ALL
) GROUP BY ALL
"""
"""An order is of one instant, so that its lines can be summed first and orders need no DISTINCT."""
GAPS = """
CREATE TEMP TABLE days AS
SELECT *, (day - lag(day) OVER (PARTITION BY customer_id ORDER BY day))::DOUBLE AS gap,
    2.0 ** ((day - DATE '{last}') / 14.0) AS d14, 2.0 ** ((day - DATE '{last}') / 45.0) AS d45,
    2.0 ** ((day - DATE '{last}') / 120.0) AS d120
FROM summed
"""
"""Gaps depend on no cutoff, and a weight at one cutoff is a multiple of that at another."""
LABELS = """
CREATE TEMP TABLE labels AS
SELECT customer_id, category, {stretch} AS stretch, max(time)::DATE AS last, count(*)::DOUBLE AS lines
FROM '{files}' WHERE NOT is_return AND time < TIMESTAMP '{last}' AND category IS NOT NULL GROUP BY ALL
"""
"""Categories need no days, only the stretch between two cutoffs."""
STANDING = """
CREATE TEMP TABLE standing AS
SELECT customer_id, last, stretch, sum(lines) OVER history AS lines, lead(stretch) OVER history AS until
FROM labels WINDOW history AS (PARTITION BY customer_id, category ORDER BY stretch)
"""
"""What a customer had bought of a category from one stretch until the next in which there is more of it."""
ONCE = "CREATE TEMP VIEW standing AS SELECT *, NULL AS until FROM labels"
"""With one cutoff there is one stretch."""
FRAME = """
WITH ever AS (
    SELECT customer_id, count(*)::DOUBLE AS days, min(day) AS first, max(day) AS last, sum(amount) AS spend,
        sum(amount) FILTER (gap IS NULL) AS first_spend, sum(discount) AS discount, sum(items) AS items,
        sum(lines) AS lines, sum(discounted) AS discounted, sum(web) AS web, sum(squares) AS squares,
        sum(orders) AS orders, max(largest) AS largest, max(gap) AS gap_max, sum(gap * gap) AS gap_squares,
        sum(d14) AS days_14, sum(d45) AS days_45, sum(d120) AS days_120,
        sum(amount * d14) AS spend_14, sum(amount * d45) AS spend_45, sum(amount * d120) AS spend_120
    FROM days WHERE day < DATE '{cutoff}' GROUP BY 1
), recent AS (
    SELECT customer_id, count(*) FILTER (day >= DATE '{cutoff}' - 28) AS days_28,
        count(*) FILTER (day >= DATE '{cutoff}' - 56) AS days_56,
        count(*) FILTER (day >= DATE '{cutoff}' - 91) AS days_91, count(*) AS days_182,
        sum(CASE WHEN day >= DATE '{cutoff}' - 28 THEN amount ELSE 0 END) AS spend_28,
        sum(CASE WHEN day >= DATE '{cutoff}' - 91 THEN amount ELSE 0 END) AS spend_91, sum(amount) AS spend_182,
        sum(CASE WHEN day >= DATE '{cutoff}' - 91 THEN items ELSE 0 END) AS items_91
    FROM days WHERE day < DATE '{cutoff}' AND day >= DATE '{cutoff}' - 182 GROUP BY 1
), labelled AS (
    SELECT customer_id, count(*) AS categories, count(*) FILTER (last >= DATE '{cutoff}' - 91) AS categories_91,
        max(lines) / sum(lines) AS top, ln(sum(lines)) - sum(lines * ln(lines)) / sum(lines) AS entropy
    FROM standing WHERE stretch <= {number} AND (until IS NULL OR until > {number}) GROUP BY 1
)
SELECT customer_id, TIMESTAMP '{cutoff}' AS cutoff,
    days - 1 AS frequency, (last - first) AS recency_days, (DATE '{cutoff}' - first) AS tenure_days,
    coalesce((spend - first_spend) / nullif(days - 1, 0), 0) AS monetary_value,
    (DATE '{cutoff}' - last) AS days_since_last, days_since_last / tenure_days AS recency_share,
    spend / days AS mean_day_spend, days AS purchase_days, spend,
    coalesce(days_28, 0) AS purchase_days_28d, coalesce(days_56, 0) AS purchase_days_56d,
    coalesce(days_91, 0) AS purchase_days_91d, coalesce(days_182, 0) AS purchase_days_182d,
    coalesce(spend_28, 0) AS spend_28d, coalesce(spend_91, 0) AS spend_91d, coalesce(spend_182, 0) AS spend_182d,
    spend_28 / nullif(spend_91, 0) AS spend_trend,
    days_14 * {scale_14} AS purchase_days_decayed_14d, days_45 * {scale_45} AS purchase_days_decayed_45d,
    days_120 * {scale_120} AS purchase_days_decayed_120d,
    spend_14 * {scale_14} AS spend_decayed_14d, spend_45 * {scale_45} AS spend_decayed_45d,
    spend_120 * {scale_120} AS spend_decayed_120d,
    recency_days / nullif(days - 1, 0) AS gap_mean,
    sqrt(greatest(gap_squares - recency_days * gap_mean, 0) / nullif(greatest(days - 2, 0), 0)) AS gap_std, gap_max,
    days_since_last / gap_mean AS silence_ratio,
    coalesce(categories_91, 0) AS categories_91d, coalesce(categories, 0) AS categories_ever,
    lines / days AS lines_per_day, discount / (spend + discount) AS discount_share,
    discounted / lines AS discounted_lines_share, orders AS orders_ever, items, coalesce(items_91, 0) AS items_91d,
    web / lines AS web_share, entropy AS category_entropy, top AS top_category_share,
    spend / lines AS line_amount_mean,
    sqrt(greatest(squares - spend * spend / lines, 0) / nullif(lines - 1, 0)) AS line_amount_std,
    largest AS line_amount_max
FROM ever LEFT JOIN recent USING (customer_id) LEFT JOIN labelled USING (customer_id)
"""


def prepare(question: Question) -> Callable[[], pa.Table]:
    """Nothing is prepared."""
    return lambda: answer(question)


def answer(question: Question) -> pa.Table:
    """Give Arrow tables, one a cutoff, as one."""
    last = question.cutoffs[-1]
    stretch = " + ".join(f"(time >= TIMESTAMP '{cutoff}')::TINYINT" for cutoff in question.cutoffs[:-1]) or "0"
    with duckdb.connect(":memory:", config={"preserve_insertion_order": False}) as opened:
        for text in (DAYS, GAPS, LABELS, STANDING if stretch != "0" else ONCE):
            opened.execute(text.format(files=question.files, last=last, stretch=stretch))
        frames = [
            opened.sql(_frame(number, cutoff, last=last)).to_arrow_table()
            for number, cutoff in enumerate(question.cutoffs)
        ]
    return pa.concat_tables(frames)


def _frame(number: int, cutoff: date, *, last: date) -> str:
    scales = {f"scale_{half_life}": 2.0 ** ((last - cutoff).days / half_life) for half_life in (14, 45, 120)}
    return FRAME.format(number=number, cutoff=cutoff, **scales)
