"""What a deployment says, by environment variables: where results go and which MLflow server keeps the models."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SILENCE = {
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "OMP_NUM_THREADS": "1",
}
"""Set for our own processes: no usage data leave, no bar fights ours, no thread pool the explicit thread counts."""


@dataclass(frozen=True)
class Settings:
    """`AUGURY_VAR` (default `var`): the folder for everything made. `AUGURY_MLFLOW` (default a SQLite file there).

    `AUGURY_KEYS`: the file of API keys, `AUGURY_STORE`: the folder or the URL of the feature store, which may have a
    password in it, `AUGURY_PACK`: the folder of packed models, served without the registry; None here where nobody
    says so.
    """

    var: Path
    mlflow: str
    named_keys: Path | None = None
    named_store: str | None = field(default=None, repr=False)
    pack: Path | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings; makes nothing."""
        var = Path(environment.get("AUGURY_VAR") or "var").resolve()
        keys = environment.get("AUGURY_KEYS")
        mlflow = environment.get("AUGURY_MLFLOW") or f"sqlite:///{var / 'mlflow.db'}"
        pack = environment.get("AUGURY_PACK")
        return cls(
            var,
            mlflow,
            Path(keys).absolute() if keys else None,
            environment.get("AUGURY_STORE") or None,
            Path(pack).absolute() if pack else None,
        )

    @property
    def runs(self) -> Path:
        """Where MLflow's files go when the store is our own."""
        return self.var / "mlartifacts"

    @property
    def store(self) -> str:
        """Where the feature store is: a folder, or a server's URL."""
        named = self.named_store or str(self.var / "store")
        return named if "://" in named else str(Path(named).absolute())

    @property
    def keys_file(self) -> Path:
        """Where the file of API keys lies, or will lie."""
        return self.named_keys or self.var / "keys.json"

    @property
    def keys(self) -> Path | None:
        """The file of API keys; None where there is none. One that is named counts even so: it must not be missed."""
        return self.keys_file if self.named_keys or self.keys_file.exists() else None

    def scored(self, model: str) -> Path:
        """Where the batch of a registered model lies: its frame and its scores."""
        return self.var / "scored" / model

    def reports(self, model: str) -> Path:
        """Where the report and the model card of a registered model lie."""
        return self.var / "reports" / model

    @property
    def mlflow_page(self) -> str:
        """Where to look at runs: the server's own address, or the command that shows a database file."""
        return (
            self.mlflow if self.mlflow.startswith("http") else f".venv/bin/mlflow ui --backend-store-uri {self.mlflow}"
        )
