"""Who is let in by Compose and Kubernetes, by which keys, and to what."""

import re
from pathlib import Path

import pytest

from configs.settings import Settings
from serving.api.routes import ROUTES
from serving.safety.binding import NotSafe, check_binding
from tests.serving.deploy.dockerfile import command
from tests.serving.deploy.manifests import COMPOSE, DEPLOY, ENVIRONMENTS, HEADER, LAST, NAMED, PODS, ours

OUT = ["/v1", "/openapi.json", "/"]
"""What callers need, and what needs a key or tells nothing of anybody."""


def test_whoever_serves_beyond_its_own_machine_has_keys() -> None:
    for name in ("compose service", "Deployment augury"):
        settings = Settings.read({key: value for key, value in ENVIRONMENTS[name].items() if isinstance(value, str)})
        check_binding("0.0.0.0", keys=settings.keys is not None)
    with pytest.raises(NotSafe):
        check_binding("0.0.0.0", keys=Settings.read({}).keys is not None)


def test_keys_of_compose_are_changed_where_the_service_reads_them() -> None:
    """They share the folder: a mount of the file alone stays at the one that `augury keys` replaced."""
    service, keys = COMPOSE["services"]["service"], COMPOSE["services"]["keys"]
    path = Path(service["environment"]["AUGURY_KEYS"])
    assert keys["environment"] == {"AUGURY_KEYS": str(path)}
    assert keys["volumes"] == [f"keys:{path.parent}"]
    assert f"keys:{path.parent}:ro" in service["volumes"]
    assert not any(f"keys:{path.parent}" in each.get("volumes", []) for each in ours().values())
    assert "secrets" not in COMPOSE  # each would be a mount of one file
    assert "configs" not in COMPOSE


def test_the_folder_of_keys_is_of_the_user_who_reads_and_replaces_them() -> None:
    """A new volume takes owner and mode from the image's folder at its place."""
    (made,) = [command(each) for each in LAST.said("RUN") if "install" in each]
    folder = Path(COMPOSE["services"]["service"]["environment"]["AUGURY_KEYS"]).parent
    assert made == ["install", "--directory", "--owner=10001", "--group=10001", "--mode=0700", str(folder)]
    assert COMPOSE["services"]["keys"]["user"] == COMPOSE["services"]["service"]["user"] == "10001:10001"


def test_keys_of_kubernetes_lie_where_the_settings_say() -> None:
    pod = PODS["Deployment augury"]
    (mounted,) = [each for each in pod["containers"][0]["volumeMounts"] if each["name"] == "keys"]
    (volume,) = [each["secret"] for each in pod["volumes"] if each["name"] == "keys"]
    assert mounted["readOnly"] is True
    assert "subPath" not in mounted  # it would stay as it was
    (file,) = re.findall(rf"^#   kubectl create secret generic {volume['secretName']} --from-file=(\S+)$", HEADER, re.M)
    assert ENVIRONMENTS["Deployment augury"]["AUGURY_KEYS"] == f"{mounted['mountPath']}/{file}"
    assert volume["defaultMode"] & 0o022 == 0  # a file of keys that others may write is refused


def test_no_password_is_in_them() -> None:
    for path in (DEPLOY / "compose.yaml", DEPLOY / "kubernetes.yaml"):
        settings = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
        assert not re.search(r"(?i)password|://[^/\s]*@", "\n".join(settings))


def test_only_what_callers_need_is_let_out() -> None:
    """/metrics, with names of models and ids of keys, /readyz and /livez are answered before keys are looked at."""
    (rule,) = NAMED["Ingress augury"]["spec"]["rules"]
    paths = rule["http"]["paths"]
    assert [each["path"] for each in paths] == OUT
    assert [each["pathType"] for each in paths] == ["Prefix", "Exact", "Exact"]
    assert all(each.startswith(f"{OUT[0]}/") for each in ROUTES)
    (port,) = NAMED["Service augury"]["spec"]["ports"]
    for each in paths:
        assert each["backend"] == {"service": {"name": "augury", "port": {"name": port["name"]}}}
    largest = max(each.limit for each in ROUTES.values())
    said = NAMED["Ingress augury"]["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"]
    assert said == f"{largest // 2**20}m"


def test_only_this_machine_reaches_ports() -> None:
    ports = [port for each in COMPOSE["services"].values() for port in each.get("ports", [])]
    assert "127.0.0.1:3000:3000" in ports
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports)
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert COMPOSE["services"]["redis"]["networks"] == ["inside"]
