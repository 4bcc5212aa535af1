"""What an object of Kubernetes must say at least, by kind; and what a pod must, so that it is safe."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

Object = dict[str, Any]
NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
QUANTITY: Final = re.compile(r"\d+(m|Mi|Gi)?")
CRON: Final = re.compile(r"[\d*/,-]+( [\d*/,-]+){4}")


def faults(given: Object) -> Iterator[str]:
    """Say what is wrong with an object."""
    kind = given.get("kind")
    if kind not in KINDS:
        yield f"unknown kind {kind!r}"
        return
    version, fields, check = KINDS[kind]
    if given.get("apiVersion") != version:
        yield f"{kind} is of {version}"
    if not NAME.fullmatch(given.get("metadata", {}).get("name", "")):
        yield f"{kind} has no name"
    extra = set(given) - {"apiVersion", "kind", "metadata", *fields}
    lacks = [name for name in fields if name not in given]
    if extra or lacks:
        yield f"{kind} has {sorted(extra)} and lacks {lacks}"
    else:
        yield from check(given)


def _nothing(given: Object) -> Iterator[str]:
    yield from ()


def _deployment(given: Object) -> Iterator[str]:
    spec = given["spec"]
    labels = spec["template"]["metadata"]["labels"]
    if not spec["selector"]["matchLabels"].items() <= labels.items():
        yield "the selector finds other pods than the template makes"
    yield from _pod(spec["template"]["spec"], restart=None, served=True)


def _job(given: Object) -> Iterator[str]:
    spec = given["spec"]
    if not CRON.fullmatch(spec["schedule"]):
        yield f"no schedule: {spec['schedule']}"
    if spec.get("concurrencyPolicy") != "Forbid":
        yield "two of them may run at once"
    job = spec["jobTemplate"]["spec"]
    if "backoffLimit" not in job or "activeDeadlineSeconds" not in job:
        yield "it may run for ever"
    yield from _pod(job["template"]["spec"], restart="Never", served=False)


def _pod(spec: Object, *, restart: str | None, served: bool) -> Iterator[str]:
    if spec.get("restartPolicy") != restart:
        yield f"restartPolicy is {spec.get('restartPolicy')}"
    safe = spec.get("securityContext", {})
    if not safe.get("runAsNonRoot") or not safe.get("runAsUser") or "seccompProfile" not in safe:
        yield "the pod may run as root"
    if spec.get("automountServiceAccountToken") is not False:
        yield "the pod holds a token of the cluster"
    volumes = {each["name"] for each in spec["volumes"]}
    mounted = {each["name"] for container in spec["containers"] for each in container["volumeMounts"]}
    if volumes != mounted:
        yield f"volumes {sorted(volumes)}, mounted {sorted(mounted)}"
    for container in spec["containers"]:
        yield from _container(container)
        if served:
            yield from _probes(container)


def _container(given: Object) -> Iterator[str]:
    if not re.fullmatch(r"[a-z0-9/-]+:(?!latest)[\w.-]+", given["image"]):
        yield f"image {given['image']}"
    safe = given.get("securityContext", {})
    if safe.get("allowPrivilegeEscalation") is not False or not safe.get("readOnlyRootFilesystem"):
        yield "the container may become root, or write anywhere"
    if safe.get("capabilities") != {"drop": ["ALL"]}:
        yield "the container keeps capabilities"
    for what in ("requests", "limits"):
        said = given.get("resources", {}).get(what, {})
        if set(said) != {"cpu", "memory"} or not all(QUANTITY.fullmatch(each) for each in said.values()):
            yield f"{what}: {said}"
    paths = [each["mountPath"] for each in given["volumeMounts"]]
    if "/tmp" not in paths or "/var/lib/augury" not in paths or len(set(paths)) < len(paths):
        yield f"mounts {paths}"
    for each in given["env"]:
        if set(each) not in ({"name", "value"}, {"name", "valueFrom"}) or not isinstance(each.get("value", ""), str):
            yield f"env {each}"


def _probes(given: Object) -> Iterator[str]:
    ports = {each["name"] for each in given["ports"]}
    expected = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    for probe, path in expected.items():
        asked = given.get(probe, {}).get("httpGet", {})
        if asked.get("path") != path or asked.get("port") not in ports:
            yield f"{probe} asks {asked}"
    if "preStop" not in given.get("lifecycle", {}):
        yield "it stops before proxies know"


def _service(given: Object) -> Iterator[str]:
    for each in given["spec"]["ports"]:
        if not {"name", "port", "targetPort"} <= set(each):
            yield f"port {each}"


def _policy(given: Object) -> Iterator[str]:
    spec = given["spec"]
    if spec["policyTypes"] != ["Ingress", "Egress"] or not {"podSelector", "ingress", "egress"} <= set(spec):
        yield "a direction is left open"
    for rule in (*spec["ingress"], *spec["egress"]):
        if not rule.get("ports") or not (rule.get("from") or rule.get("to")):
            yield f"everything is let through: {rule}"


def _scaler(given: Object) -> Iterator[str]:
    spec = given["spec"]
    if not 1 < spec["minReplicas"] <= spec["maxReplicas"] or not spec["metrics"]:
        yield f"from {spec['minReplicas']} to {spec['maxReplicas']} copies"


def _ingress(given: Object) -> Iterator[str]:
    spec = given["spec"]
    if "defaultBackend" in spec:
        yield "what no rule names is let through"
    hosts = {host for each in spec.get("tls", []) for host in each["hosts"] if each.get("secretName")}
    for rule in spec["rules"]:
        if rule.get("host") not in hosts:
            yield f"{rule.get('host')} has no TLS"
        for each in rule["http"]["paths"]:
            if each["pathType"] not in ("Exact", "Prefix") or (each["path"], each["pathType"]) == ("/", "Prefix"):
                yield f"everything is let through: {each['path']}"


Check = Callable[[Object], Iterator[str]]
KINDS: Final[dict[str, tuple[str, tuple[str, ...], Check]]] = {
    "ServiceAccount": ("v1", ("automountServiceAccountToken",), _nothing),
    "Deployment": ("apps/v1", ("spec",), _deployment),
    "Service": ("v1", ("spec",), _service),
    "Ingress": ("networking.k8s.io/v1", ("spec",), _ingress),
    "PodDisruptionBudget": ("policy/v1", ("spec",), _nothing),
    "HorizontalPodAutoscaler": ("autoscaling/v2", ("spec",), _scaler),
    "NetworkPolicy": ("networking.k8s.io/v1", ("spec",), _policy),
    "PersistentVolumeClaim": ("v1", ("spec",), _nothing),
    "CronJob": ("batch/v1", ("spec",), _job),
}
