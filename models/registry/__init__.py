"""The model registry, in MLflow: artifacts by name, with the aliases champion and challenger."""

from models.registry.store import (
    ALIASES,
    Alias,
    ModelRegistry,
    NotRegistered,
    Registered,
    RegistryAway,
    quiet_mlflow,
    unmade,
)

__all__ = ["ALIASES", "Alias", "ModelRegistry", "NotRegistered", "Registered", "RegistryAway", "quiet_mlflow", "unmade"]
