"""The committed results of lifetime value: above Pareto/NBD x Gamma-Gamma on four hold-outs, and the total near."""

import json

import pytest

from experiments.study import results_file

BARS = {
    "cdnow_clv": ("1997-09-30", 0.72, 0.15),
    "cdnow_clv_half_year": ("1997-12-31", 0.755, 0.15),
    "complete_journey_clv_half_year": ("2017-06-30", 0.865, 0.03),
    "complete_journey_clv": ("2017-09-30", 0.855, 0.05),
}
"""Where a study is tested, the least Gini of the blend, and how far its total may be off at the most."""


@pytest.mark.parametrize("name", BARS)
def test_the_blend_ranks_better_than_the_past_alone_and_its_total_is_near(name: str) -> None:
    found = json.loads(results_file(name).read_text(encoding="utf-8"))
    cutoff, least, most = BARS[name]
    blend, alone = (found["models"][model] for model in ("clv_blend", "clv"))
    assert (found["judged"], found["left_out"]) == ([cutoff], {})
    assert blend["normalised_gini"]["value"] >= max(least, alone["normalised_gini"]["value"] + 0.004)
    assert abs(blend["aggregate_bias"]["value"]) <= most
