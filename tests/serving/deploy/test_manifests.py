"""Compose and Kubernetes: what they say of one another, of the image, and of the settings there are."""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # comes with BentoML, without types
from typer.main import get_command

from configs.service import ServiceSettings
from configs.settings import Settings
from experiments.cli import app
from experiments.server import ROOT
from serving.safety.binding import NotSafe, check_binding
from tests.serving.deploy.dockerfile import read
from tests.serving.deploy.kubernetes import Object, faults

DEPLOY = ROOT / "serving" / "deploy"
COMPOSE: Object = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OBJECTS: list[Object] = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
NAMED = {f"{each['kind']} {each['metadata']['name']}": each for each in OBJECTS}
IMAGE = "augury:0.1.0"


def _ours() -> dict[str, dict[str, Any]]:
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


def test_a_copy_ends_within_its_grace_and_all_that_it_was_asked() -> None:
    pod = PODS["Deployment augury"]
    waits = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert waits + ServiceSettings().timeout_seconds < pod["terminationGracePeriodSeconds"]
    assert COMPOSE["services"]["service"]["stop_grace_period"] == "30s"


def _environments() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, service in COMPOSE["services"].items():
        yield f"compose {name}", service.get("environment", {})
    for name, pod in PODS.items():
        yield name, {each["name"]: each.get("value", each.get("valueFrom")) for each in pod["containers"][0]["env"]}
    yield "Dockerfile", dict(read((DEPLOY / "Dockerfile").read_text())[-1].environment)
    bento = yaml.safe_load((DEPLOY / "bentofile.yaml").read_text())
    yield "bentofile", {each["name"]: each["value"] for each in bento["envs"]}


ENVIRONMENTS = dict(_environments())


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


def test_whoever_serves_beyond_its_own_machine_has_keys() -> None:
    for name in ("compose service", "Deployment augury"):
        settings = Settings.read({key: value for key, value in ENVIRONMENTS[name].items() if isinstance(value, str)})
        check_binding("0.0.0.0", keys=settings.keys is not None)
    with pytest.raises(NotSafe):
        check_binding("0.0.0.0", keys=Settings.read({}).keys is not None)


def test_keys_lie_where_the_settings_say() -> None:
    told = ENVIRONMENTS["compose service"]["AUGURY_KEYS"]
    assert told == f"/run/secrets/{COMPOSE['services']['service']['secrets'][0]}"
    assert set(COMPOSE["secrets"]) == set(COMPOSE["services"]["service"]["secrets"])
    pod = PODS["Deployment augury"]
    (mounted,) = [each for each in pod["containers"][0]["volumeMounts"] if each["name"] == "keys"]
    (volume,) = [each["secret"] for each in pod["volumes"] if each["name"] == "keys"]
    assert mounted["readOnly"] is True
    assert ENVIRONMENTS["Deployment augury"]["AUGURY_KEYS"] == f"{mounted['mountPath']}/{volume['items'][0]['path']}"
    assert volume["defaultMode"] & 0o022 == 0  # a file of keys that others may write is refused


def test_no_password_is_in_them() -> None:
    for path in (DEPLOY / "compose.yaml", DEPLOY / "kubernetes.yaml"):
        settings = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
        assert not re.search(r"(?i)password|://[^/\s]*@", "\n".join(settings))


def _commands() -> Iterator[tuple[str, list[str]]]:
    for name, service in _ours().items():
        yield f"compose {name}", service["command"]
    for name, pod in PODS.items():
        yield name, pod["containers"][0]["args"]


@pytest.mark.parametrize(("where", "words"), list(_commands()))
def test_commands_are_those_of_the_command_line(where: str, words: list[str]) -> None:
    """Each is read by its parser, and not run."""
    command = get_command(app).commands[words[0]]  # type: ignore[attr-defined]  # a group's
    with command.make_context(words[0], list(words[1:])) as context:
        assert context.params


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
            command = get_command(app).commands[rest[0]]  # type: ignore[attr-defined]  # a group's
            with command.make_context(rest[0], rest[1:]) as context:
                assert context.params
        assert "service" not in named or {"train", "score"} <= before
        before |= named
    assert before == set(services)


def test_batches_and_the_service_share_what_is_suppressed() -> None:
    at = f":{read((DEPLOY / 'Dockerfile').read_text())[-1].environment['AUGURY_VAR']}"
    mounted = {name: [each for each in service["volumes"] if each.endswith(at)] for name, service in _ours().items()}
    assert mounted == {name: [f"var{at}"] for name in ("service", "train", "score")}


@pytest.mark.parametrize("name", ["train", "score"])
def test_what_does_not_fit_into_memory_goes_to_a_volume(name: str) -> None:
    service = COMPOSE["services"][name]
    mounted = [each.split(":")[1] for each in service["volumes"] if not each.endswith(":ro")]
    assert service["environment"]["TMPDIR"] in mounted
    assert service["tmpfs"] == ["/tmp"]


def test_memory_has_limits() -> None:
    for service in _ours().values():
        assert service["deploy"]["resources"]["limits"] == {"cpus": "2", "memory": "4G"}


def test_only_this_machine_reaches_ports() -> None:
    ports = [port for each in COMPOSE["services"].values() for port in each.get("ports", [])]
    assert "127.0.0.1:3000:3000" in ports
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports)
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert COMPOSE["services"]["redis"]["networks"] == ["inside"]


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
