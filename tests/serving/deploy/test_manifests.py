"""Compose and Kubernetes: what they say of one another, of the image, and of the settings there are."""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from configs.service import ServiceSettings
from configs.settings import Settings
from experiments.cli import app
from experiments.server import ROOT
from tests.serving.deploy.kubernetes import Object, faults
from tests.serving.deploy.manifests import (
    COMPOSE,
    DEPLOY,
    ENVIRONMENTS,
    HEADER,
    IMAGE,
    LAST,
    NAMED,
    OBJECTS,
    PODS,
    ours,
)


def test_names_are_told_apart() -> None:
    assert len(NAMED) == len(OBJECTS)
    kinds = {each["kind"] for each in OBJECTS}
    assert {"Deployment", "Service", "HorizontalPodAutoscaler", "NetworkPolicy", "CronJob"} <= kinds


@pytest.mark.parametrize("name", NAMED)
def test_an_object_says_what_it_must(name: str) -> None:
    assert list(faults(NAMED[name])) == []


def _without(*path: Any) -> Callable[[Object], object]:
    def change(given: Object) -> None:
        inner: Any = given
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]

    return change


POD = ("spec", "template", "spec")
FAULTS: dict[str, Callable[[Object], object]] = {
    "another version": lambda given: given.update(apiVersion="extensions/v1beta1"),
    "no name": _without("metadata", "name"),
    "a field too many": lambda given: given.update(status={}),
    "another label": lambda given: given["spec"]["selector"]["matchLabels"].update({"app.kubernetes.io/name": "other"}),
    "root": _without(*POD, "securityContext", "runAsNonRoot"),
    "a token": _without(*POD, "automountServiceAccountToken"),
    "latest": lambda given: given["spec"]["template"]["spec"]["containers"][0].update(image="augury:latest"),
    "no limits": _without(*POD, "containers", 0, "resources", "limits"),
    "a root that is written": _without(*POD, "containers", 0, "securityContext", "readOnlyRootFilesystem"),
    "no readiness": _without(*POD, "containers", 0, "readinessProbe"),
    "no grace": _without(*POD, "containers", 0, "lifecycle"),
    "a start that waits for a champion": lambda given: given["spec"]["template"]["spec"]["containers"][0][
        "startupProbe"
    ]["httpGet"].update(path="/readyz"),
    "a volume that nobody mounts": _without(*POD, "containers", 0, "volumeMounts", 2),
    "a number as a value": lambda given: given["spec"]["template"]["spec"]["containers"][0]["env"][0].update(value=2),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_checker_sees(fault: str) -> None:
    given = deepcopy(NAMED["Deployment augury"])
    FAULTS[fault](given)
    assert list(faults(given)) != []


OPEN: dict[str, Callable[[Object], object]] = {
    "all that no rule names": lambda given: given["spec"].update(defaultBackend={}),
    "all paths": lambda given: given["spec"]["rules"][0]["http"]["paths"][2].update(pathType="Prefix"),
    "paths as the controller likes": lambda given: given["spec"]["rules"][0]["http"]["paths"][0].update(
        pathType="ImplementationSpecific"
    ),
    "without TLS": _without("spec", "tls"),
}


@pytest.mark.parametrize("fault", OPEN)
def test_the_checker_sees_what_is_let_out(fault: str) -> None:
    given = deepcopy(NAMED["Ingress augury"])
    OPEN[fault](given)
    assert list(faults(given)) != []


def test_selectors_find_the_pods_they_are_for() -> None:
    labels = NAMED["Deployment augury"]["spec"]["template"]["metadata"]["labels"]
    assert NAMED["Service augury"]["spec"]["selector"] == labels
    assert NAMED["PodDisruptionBudget augury"]["spec"]["selector"]["matchLabels"] == labels
    assert NAMED["NetworkPolicy augury"]["spec"]["podSelector"]["matchLabels"] == labels
    batch = NAMED["NetworkPolicy augury-batch"]["spec"]["podSelector"]["matchLabels"]
    for each in OBJECTS:
        if each["kind"] == "CronJob":
            assert each["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"] == batch
    target = NAMED["HorizontalPodAutoscaler augury"]["spec"]["scaleTargetRef"]
    assert f"{target['kind']} {target['name']}" in NAMED


def test_logs_of_a_copy_fit_into_its_folder() -> None:
    """A pod that writes more than its volume may hold is evicted."""
    plain = {key: value for key, value in ENVIRONMENTS["Deployment augury"].items() if isinstance(value, str)}
    (volume,) = [each for each in PODS["Deployment augury"]["volumes"] if each["name"] == "var"]
    gib = int(volume["emptyDir"]["sizeLimit"].removesuffix("Gi"))
    assert 2 * ServiceSettings.read(plain).audit_gb * 1e9 <= gib * 2**30 / 2


def test_a_copy_ends_within_its_grace_and_all_that_it_was_asked() -> None:
    pod = PODS["Deployment augury"]
    waits = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert waits + ServiceSettings().timeout_seconds < pod["terminationGracePeriodSeconds"]
    assert COMPOSE["services"]["service"]["stop_grace_period"] == "30s"


@pytest.mark.parametrize("where", ENVIRONMENTS)
def test_settings_are_those_that_are_read(where: str) -> None:
    files = [Path(ROOT / "configs" / name).read_text() for name in ("settings.py", "service.py")]
    known = set(re.findall(r"AUGURY_[A-Z_]+", " ".join(files)))
    ours = {name: value for name, value in ENVIRONMENTS[where].items() if name.startswith("AUGURY_")}
    assert set(ours) <= known
    assert all(isinstance(value, str | dict) for value in ours.values())
    plain = {name: value for name, value in ours.items() if isinstance(value, str)}
    said = ServiceSettings.read(plain).environment
    assert all(float(said[name]) == float(plain[name]) for name in said.keys() & plain.keys())
    assert str(Settings.read(plain).var).startswith("/")


def _commands() -> Iterator[tuple[str, list[str]]]:
    for name, service in ours().items():
        yield f"compose {name}", service["command"]
    for name, pod in PODS.items():
        yield name, pod["containers"][0]["args"]


@pytest.mark.parametrize(("where", "words"), list(_commands()))
def test_commands_are_those_of_the_command_line(where: str, words: list[str]) -> None:
    assert _parsed(get_command(app), words)


def _parsed(command: Any, words: list[str]) -> dict[str, Any]:
    """Read words by the parser of a command, or of one of a group, and do not run it."""
    if hasattr(command, "commands"):
        return _parsed(command.commands[words[0]], words[1:])
    with command.make_context(command.name, list(words)) as context:
        params: dict[str, Any] = context.params
        return params


def test_what_is_needed_and_not_made_is_in_the_header() -> None:
    text = (DEPLOY / "kubernetes.yaml").read_text()
    claims = set(re.findall(r"claimName: ([\w-]+)", text)) - {
        each["metadata"]["name"] for each in OBJECTS if each["kind"] == "PersistentVolumeClaim"
    }
    namespaces = set(re.findall(r"kubernetes.io/metadata.name: ([\w-]+)", text)) - {"kube-system"}
    secrets = set(re.findall(r"secretName: ([\w-]+)|secretKeyRef: {name: ([\w-]+)", text.partition("---")[2]))
    assert claims == {"augury-data"}
    assert namespaces == {"ingress", "monitoring"}
    for name in claims | namespaces:
        assert f"`{name}`" in HEADER
    for name in {"".join(each) for each in secrets}:
        assert f"`{name}`" in HEADER or f"create secret generic {name} " in HEADER


def test_who_must_not_be_scored_reaches_the_store_and_the_list_of_the_batches() -> None:
    suppress, score = PODS["CronJob augury-suppress"], PODS["CronJob augury-score"]
    volumes = {
        name: {each["name"]: each for each in pod["volumes"]} for name, pod in (("told", suppress), ("batch", score))
    }
    assert volumes["told"]["var"] == volumes["batch"]["var"]
    assert volumes["told"]["data"] == volumes["batch"]["data"]
    stores = [ENVIRONMENTS[name]["AUGURY_STORE"] for name in PODS if "drift" not in name]
    assert stores == [stores[0]] * 3
    assert NAMED["CronJob augury-suppress"]["spec"]["suspend"] is True
    assert "kubectl create job augury-suppress-1 --from=cronjob/augury-suppress\n" in HEADER
    file = suppress["containers"][0]["args"][-1]
    assert file in HEADER
    assert file.startswith("/data/")


def _header() -> list[list[str]]:
    """Give what the header of Compose tells to run, behind `docker compose --file …`."""
    lines = (DEPLOY / "compose.yaml").read_text().partition("\nname:")[0].splitlines()
    told = [line.removeprefix("#").split() for line in lines if line.startswith("#   docker compose --file ")]
    assert all((ROOT / words[3]).samefile(DEPLOY / "compose.yaml") for words in told)
    return [words[4:] for words in told]


def test_the_header_of_compose_starts_from_nothing() -> None:
    """Ready is who has a champion, so that a model is trained before the service is waited for."""
    services, before = COMPOSE["services"], set[str]()
    for verb, *words in _header():
        flags = [each for each in words if each.startswith("--")]
        first, *rest = [each for each in words if not each.startswith("--")]
        named = {first, *rest} if verb == "up" else {first}
        assert {"up": "--wait", "run": "--rm"}[verb] in flags
        for name in named:
            assert set(services[name].get("depends_on", {})) <= before
        if verb == "run" and rest:
            told = [*services[first].get("entrypoint", [])[3:], *rest]
            assert _parsed(get_command(app), told)
        assert "service" not in named or {"train", "score"} <= before
        before |= named
    assert before == set(services)


def test_batches_and_the_service_share_what_is_suppressed() -> None:
    at = f":{LAST.environment['AUGURY_VAR']}"
    mounted = {name: [each for each in service["volumes"] if each.endswith(at)] for name, service in ours().items()}
    assert mounted == {name: [f"var{at}"] for name in ("service", "train", "score")}


@pytest.mark.parametrize("name", ["train", "score"])
def test_what_does_not_fit_into_memory_goes_to_a_volume(name: str) -> None:
    service = COMPOSE["services"][name]
    mounted = [each.split(":")[1] for each in service["volumes"] if not each.endswith(":ro")]
    assert service["environment"]["TMPDIR"] in mounted
    assert service["tmpfs"] == ["/tmp"]


def test_memory_has_limits() -> None:
    for service in ours().values():
        assert service["deploy"]["resources"]["limits"] == {"cpus": "2", "memory": "4G"}


def test_images_have_tags_and_no_hosts() -> None:
    images = [each["image"] for each in COMPOSE["services"].values()]
    images += [container["image"] for pod in PODS.values() for container in pod["containers"]]
    assert set(images) == {IMAGE, "redis:8.0-alpine"}
    project = (ROOT / "pyproject.toml").read_text()
    assert f'version = "{IMAGE.partition(":")[2]}"' in project


def test_compose_services_run_without_rights() -> None:
    for service in COMPOSE["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not service["user"].startswith("0")


def test_what_compose_names_is_there() -> None:
    services = COMPOSE["services"]
    for service in services.values():
        assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
        mounted = {each.partition(":")[0] for each in service.get("volumes", [])}
        assert {each for each in mounted if not each.startswith(".")} <= set(COMPOSE["volumes"])
        for other, condition in service.get("depends_on", {}).items():
            assert condition == {"condition": "service_healthy"}
            assert "healthcheck" in services[other]
        if "build" in service:
            context = DEPLOY / service["build"]["context"]
            assert (context / service["build"]["dockerfile"]).samefile(DEPLOY / "Dockerfile")
    store = ENVIRONMENTS["compose service"]["AUGURY_STORE"]
    assert re.fullmatch(r"redis://(\w+):6379/0", store)[1] in services  # type: ignore[index]  # it matches
    assert COMPOSE["services"]["mlflow"]["command"][-1].startswith("--allowed-hosts=mlflow:5000,")
    assert ENVIRONMENTS["compose service"]["AUGURY_MLFLOW"] == "http://mlflow:5000"
