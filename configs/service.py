"""What a deployment says of its service, by environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_VARIABLES: Final = {
    "dataset": "AUGURY_DATASET",
    "max_age_days": "AUGURY_MAX_AGE_DAYS",
    "poll_seconds": "AUGURY_POLL_SECONDS",
    "timeout_seconds": "AUGURY_TIMEOUT_SECONDS",
    "shadow": "AUGURY_SHADOW",
    "workers": "AUGURY_WORKERS",
    "audit_gb": "AUGURY_AUDIT_GB",
}


@dataclass(frozen=True)
class ServiceSettings:
    """How a worker of the service behaves.

    `AUGURY_DATASET`: the customer base whose champions are served (default: all). `AUGURY_MAX_AGE_DAYS`: features that
    are older are refused as stale (default: of any age). `AUGURY_POLL_SECONDS`: how often registry and store are asked
    what is new (default 5). `AUGURY_TIMEOUT_SECONDS`: a request is whole and answered by then (default 10).
    `AUGURY_SHADOW`: the share of requests that challengers score too, unseen (default 1). `AUGURY_WORKERS`: processes
    that share the port and the keys' rates (default 1). `AUGURY_AUDIT_GB`: about so much disk the audit log may take,
    and as much the shadow's; what is older is deleted (default 10).
    """

    dataset: str | None = None
    max_age_days: float | None = None
    poll_seconds: float = 5.0
    timeout_seconds: float = 10.0
    shadow: float = 1.0
    workers: int = 1
    audit_gb: float = 10.0

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "ServiceSettings":
        """Read the settings. Raises `ValueError` that names the variable and its value."""
        age = environment.get("AUGURY_MAX_AGE_DAYS")
        return cls(
            environment.get("AUGURY_DATASET") or None,
            None if not age else _number(environment, "AUGURY_MAX_AGE_DAYS", 0.0),
            _number(environment, "AUGURY_POLL_SECONDS", 5.0, least=0.05),
            _number(environment, "AUGURY_TIMEOUT_SECONDS", 10.0, least=0.05),
            _number(environment, "AUGURY_SHADOW", 1.0, most=1.0),
            _whole(environment, "AUGURY_WORKERS", 1, most=1024),
            _number(environment, "AUGURY_AUDIT_GB", 10.0, least=0.2, most=1e6),
        )

    @property
    def environment(self) -> dict[str, str]:
        """What `read` reads to be this, whatever a process inherits: what is not said is empty."""
        said = {variable: getattr(self, name) for name, variable in _VARIABLES.items()}
        return {variable: "" if value is None else str(value) for variable, value in said.items()}


def _number(
    environment: Mapping[str, str], name: str, default: float, *, least: float = 0.0, most: float = 1e9
) -> float:
    said = environment.get(name, "")
    try:
        value = float(said) if said else default
    except ValueError:
        raise ValueError(f"{name} is {said!r}; give a number") from None
    if not least <= value <= most:
        raise ValueError(f"{name} is {said}; give a number from {least:g} to {most:g}")
    return value


def _whole(environment: Mapping[str, str], name: str, default: int, *, most: int) -> int:
    value = _number(environment, name, default, least=1.0, most=most)
    if value != int(value):
        raise ValueError(f"{name} is {environment[name]!r}; give a whole number")
    return int(value)
