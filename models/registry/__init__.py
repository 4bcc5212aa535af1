"""The model registry, in MLflow: artifacts by name, with the aliases champion and challenger."""

from models.registry.store import (
    ALIASES,
    SQLITE,
    Alias,
    ModelRegistry,
    NotRegistered,
    Registered,
    RegistryAway,
    quiet_mlflow,
)

__all__ = ["ALIASES", "SQLITE", "Alias", "ModelRegistry", "NotRegistered", "Registered", "RegistryAway", "quiet_mlflow"]
