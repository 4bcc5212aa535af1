"""What the manifests say: read once, and by name."""

from collections.abc import Iterator
from typing import Any

import yaml  # type: ignore[import-untyped]  # comes with BentoML, without types

from experiments.server import ROOT
from tests.serving.deploy.dockerfile import read
from tests.serving.deploy.kubernetes import Object

DEPLOY = ROOT / "serving" / "deploy"
COMPOSE: Object = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OBJECTS: list[Object] = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
NAMED = {f"{each['kind']} {each['metadata']['name']}": each for each in OBJECTS}
IMAGE = "augury:0.1.0"
LAST = read((DEPLOY / "Dockerfile").read_text())[-1]
HEADER = (DEPLOY / "kubernetes.yaml").read_text().partition("apiVersion:")[0]


def ours() -> dict[str, dict[str, Any]]:
    """Give the services of Compose that run our image by our command line."""
    return {
        name: each for name, each in COMPOSE["services"].items() if each["image"] == IMAGE and "entrypoint" not in each
    }


def _pods() -> Iterator[tuple[str, Object]]:
    for name, each in NAMED.items():
        if each["kind"] == "Deployment":
            yield name, each["spec"]["template"]["spec"]
        if each["kind"] == "CronJob":
            yield name, each["spec"]["jobTemplate"]["spec"]["template"]["spec"]


PODS = dict(_pods())


def _environments() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, service in COMPOSE["services"].items():
        yield f"compose {name}", service.get("environment", {})
    for name, pod in PODS.items():
        yield name, {each["name"]: each.get("value", each.get("valueFrom")) for each in pod["containers"][0]["env"]}
    yield "Dockerfile", dict(LAST.environment)
    bento = yaml.safe_load((DEPLOY / "bentofile.yaml").read_text())
    yield "bentofile", {each["name"]: each["value"] for each in bento["envs"]}


ENVIRONMENTS = dict(_environments())
