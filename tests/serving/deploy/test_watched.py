"""The dashboard and the alerts: well formed, and about metrics that there are."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any, get_args

import pytest
import yaml  # type: ignore[import-untyped]  # comes with BentoML, without types
from prometheus_client import CollectorRegistry, Counter, Histogram

from experiments.server import ROOT
from serving.api.routes import ROUTES
from serving.messages import RefusalCode
from serving.metrics import Metrics
from tests.serving.deploy.promql import named

DEPLOY = ROOT / "serving" / "deploy"
BOARD: dict[str, Any] = json.loads((DEPLOY / "grafana.json").read_text())
GROUPS: list[dict[str, Any]] = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"]
RULES = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
PANELS = {panel["title"]: panel for panel in BOARD["panels"] if panel["type"] != "row"}
TOLD = {"requests", "request_seconds", "scores", "refusals", "feature_age_seconds", "model_version_info", "swaps"}
TOLD |= {"audit_dropped", "rate_limited", "shadow_difference", "shadow_dropped", "store_errors", "registry_errors"}
TOLD |= {"ready", "log_deleted"}
VALUES = {"reason": set(get_args(RefusalCode)), "outcome": {"swapped", "refused"}, "route": set(ROUTES)}
VALUES |= {"alias": {"champion", "challenger"}, "status": {"5..", "4.."}, "log": {"audit", "shadow"}}


def _metrics() -> dict[str, set[str]]:
    """Give the service's series with their labels: `instance` is Prometheus' own."""
    found: dict[str, set[str]] = {}
    for metric in vars(Metrics(CollectorRegistry())).values():
        for family in metric.describe() if hasattr(metric, "describe") else ():
            ends, more = [""], set[str]()
            if isinstance(metric, Counter):
                ends = ["_total"]
            elif isinstance(metric, Histogram):
                ends, more = ["_bucket", "_sum", "_count"], {"le"}
            found |= {family.name + end: {*metric._labelnames, *more, "instance"} for end in ends}
    return found


METRICS = _metrics()


def _expressions() -> Iterator[tuple[str, str]]:
    for title, panel in PANELS.items():
        yield from ((f"{title} {target['refId']}", target["expr"]) for target in panel["targets"])
    yield from ((f"annotation {each['name']}", each["expr"]) for each in BOARD["annotations"]["list"])
    yield from ((name, rule["expr"]) for name, rule in RULES.items())


EXPRESSIONS = dict(_expressions())


def test_the_metrics_are_those_that_were_agreed() -> None:
    assert {re.sub(r"^augury_|_(total|bucket|sum|count)$", "", name) for name in METRICS} == TOLD


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_an_expression_names_metrics_labels_and_values_that_there_are(where: str) -> None:
    said = named(EXPRESSIONS[where])
    assert said.metrics
    for name, asked in said.metrics:
        assert name in METRICS
        assert set(asked) <= METRICS[name], name
        assert said.grouped <= METRICS[name], name
        for label, value in asked.items():
            assert value.startswith("$") or value in VALUES[label]


@pytest.mark.parametrize(
    "wrong", ["sum(", "sum)", "rate(x[5])", "x{a}", "x{a='b'}", "x; y", "sum by a (x)", "x{a=b c}"]
)
def test_what_is_no_expression_is_told_of(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        named(wrong)


def test_a_function_that_nobody_knows_counts_as_a_metric_that_there_is_not() -> None:
    assert named("rat(x)").metrics == [("rat", {}), ("x", {})]


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {name for panel in PANELS.values() for each in panel["targets"] for name, _ in named(each["expr"]).metrics}
    told = {re.sub(r"_(bucket|sum|count)$", "", name) for name in METRICS}
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown} == told


def test_panels_have_titles_units_words_and_a_place_of_their_own() -> None:
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert len(PANELS) == sum(panel["type"] != "row" for panel in BOARD["panels"])
    for panel in PANELS.values():
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["type"] in ("timeseries", "stat")
        assert panel["fieldConfig"]["defaults"]["unit"] in ("reqps", "cps", "s", "percentunit", "short", "none")
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert len({each["refId"] for each in panel["targets"]}) == len(panel["targets"])
        assert all(each["legendFormat"] for each in panel["targets"])
    for one, other in combinations(BOARD["panels"], 2):
        assert not _cells(one) & _cells(other), (one["title"], other["title"])


def _cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
    x, y, w, h = (panel["gridPos"][name] for name in "xywh")
    assert x >= 0
    assert x + w <= 24
    return {(column, line) for column in range(x, x + w) for line in range(y, y + h)}


def test_legends_name_labels_that_the_expression_keeps() -> None:
    for panel in PANELS.values():
        for each in panel["targets"]:
            said = named(each["expr"])
            kept = said.grouped or METRICS[said.metrics[0][0]]
            assert set(re.findall(r"{{(\w+)}}", each["legendFormat"])) <= kept


def test_the_dashboard_is_one_that_grafana_imports() -> None:
    assert BOARD["schemaVersion"] >= 39
    assert {"uid", "title", "tags", "panels", "templating", "annotations", "time", "refresh", "version"} <= set(BOARD)
    assert len(BOARD["uid"]) <= 40
    variables = {each["name"]: each for each in BOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(BOARD))) - {"__rate_interval", "__all"}
    assert used == set(variables)
    for each in (variables["instance"], variables["model"]):
        found = re.fullmatch(r"label_values\((\w+), (\w+)\)", each["query"]["query"])
        assert found is not None
        assert found[2] in METRICS[found[1]]


def test_alerts_say_what_is_the_matter_and_what_to_do() -> None:
    assert len(RULES) == sum(len(group["rules"]) for group in GROUPS)
    for name, rule in RULES.items():
        assert re.fullmatch(r"Augury[A-Za-z]+", name)
        assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
        assert rule["labels"].keys() == {"severity"}
        assert rule["labels"]["severity"] in ("info", "warning", "critical")
        assert re.fullmatch(r"[1-9]\d*[smh]", rule.get("for", "1m"))
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["annotations"]["description"].endswith(".")


def test_alerts_name_labels_that_their_expression_keeps() -> None:
    for rule in RULES.values():
        said = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
        assert said <= named(rule["expr"]).grouped
