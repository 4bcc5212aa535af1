"""Artifacts in MLflow's model registry."""

import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import mlflow
from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.exceptions import MlflowException, RestException
from mlflow.models import ModelSignature
from mlflow.models.model import ModelInfo
from mlflow.types import ColSpec, Schema

import configs
import models
from configs.registry import did_you_mean
from configs.whole import new_file
from models.artifact import Artifact, ArtifactError
from models.booster import distribution

Alias = Literal["champion", "challenger"]
SQLITE: Final = "sqlite:///"
ALIASES: Final[tuple[Alias, ...]] = ("champion", "challenger")
_TRIES: Final = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
_NEEDS: Final = ("mlflow", "numpy", "pandas", "scipy", "scikit-learn", "lifetimes", "numba")


class RegistryAway(ConnectionError):
    """The MLflow server cannot be reached, or is none; the message says which and what to do."""


class NotRegistered(LookupError):
    """No such model, or none under that alias; the message names what there is."""


@dataclass(frozen=True)
class Registered:
    """An artifact, the version under which the registry knows it, and the run that made it."""

    artifact: Artifact
    version: str
    run_id: str = ""


class ModelRegistry:
    """The registry behind a tracking URI: a `sqlite:///` file or any MLflow server.

    Raises `RegistryAway` where the server cannot be reached.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        if path := unmade(uri):
            with new_file(path) as draft:
                _opened(f"{SQLITE}{draft}")
        self.client = _opened(uri)

    def add(self, artifact: Artifact, *, run_id: str, alias: Alias | None = None) -> str:
        """Store an artifact with a run as a new version of its name; gives the version."""
        return self.register(artifact, self.log(artifact, run_id=run_id), run_id=run_id, alias=alias)

    def register(self, artifact: Artifact, logged: ModelInfo, *, run_id: str, alias: Alias | None = None) -> str:
        """Make an artifact that was stored with a run a new version of its name; gives the version."""
        with quiet_mlflow(self.uri):
            number = self._version(artifact.name, logged, run_id=run_id)
        self.client.set_model_version_tag(artifact.name, number, "artifact_id", artifact.id)
        if alias is not None:
            self.client.set_registered_model_alias(artifact.name, alias, number)
        return number

    def log(self, artifact: Artifact, *, run_id: str) -> ModelInfo:
        """Store an artifact with a run, as a pyfunc that any MLflow client can load."""
        with tempfile.TemporaryDirectory() as scratch, quiet_mlflow(self.uri):
            folder, code = Path(scratch) / "artifact", Path(scratch) / "code"
            artifact.save(folder)
            for package in (configs, models):
                source = Path(package.__path__[0])
                shutil.copytree(source, code / source.name, ignore=shutil.ignore_patterns("__pycache__", "*.toml"))
            with mlflow.start_run(run_id=run_id, nested=True):
                logged: ModelInfo = mlflow.pyfunc.log_model(
                    name="model",
                    python_model=str(Path(__file__).with_name("pyfunc.py")),
                    artifacts={"artifact": str(folder), "code": str(code)},
                    pip_requirements=_requirements(),
                    signature=_signature(artifact),
                )
        return logged

    def _version(self, name: str, logged: ModelInfo, *, run_id: str) -> str:
        """Make a logged model a version of a name; unlike MLflow's own call it prints nothing."""
        if name not in self.names():
            self.client.create_registered_model(name)
        made = self.client.create_model_version(name, logged.model_uri, run_id, model_id=logged.model_id)
        return str(made.version)

    def load(self, name: str, alias: Alias = "champion") -> Registered:
        """Load what an alias of a name points to. Raises `NotRegistered` and `RegistryAway`."""
        try:
            with _reached(self.uri):
                found = self.client.get_model_version_by_alias(name, alias)
        except MlflowException as error:
            if name in self.names():
                raise NotRegistered(f"model {name!r} has no {alias}; train one, or set the alias") from error
            raise NotRegistered(did_you_mean("registered model", name, self.names())) from error
        return self._loaded(found)

    def load_version(self, name: str, version: str) -> Registered:
        """Load a version of a name. Raises `NotRegistered` and `RegistryAway`."""
        try:
            with _reached(self.uri):
                return self._loaded(self.client.get_model_version(name, version))
        except MlflowException as error:
            raise NotRegistered(f"model {name!r} has no version {version}") from error

    def _loaded(self, found: ModelVersion) -> Registered:
        with _reached(self.uri), quiet_mlflow(self.uri), tempfile.TemporaryDirectory() as scratch:
            local = mlflow.artifacts.download_artifacts(
                artifact_uri=f"models:/{found.name}/{found.version}", dst_path=scratch, tracking_uri=self.uri
            )
            try:
                artifact = Artifact.load(Path(local) / "artifacts" / "artifact")
            except ArtifactError as error:  # the scratch folder is another one each time, and soon gone
                told = str(error).replace(scratch, f"models:/{found.name}/{found.version}")
                raise ArtifactError(told) from error
            return Registered(artifact, str(found.version), str(found.run_id))

    def aliased(self) -> dict[str, dict[Alias, str]]:
        """Tell which versions the aliases of each name point to; one question, which loads nothing."""
        return {
            str(each.name): {alias: str(each.aliases[alias]) for alias in ALIASES if alias in each.aliases}
            for each in self._all()
        }

    def names(self) -> list[str]:
        """List the registered models' names."""
        return [str(each.name) for each in self._all()]

    def champions(self, dataset: str | None = None) -> list[Registered]:
        """Load every champion, or those of one dataset."""
        loaded = [self.load(str(each.name)) for each in self._all() if "champion" in each.aliases]
        return [each for each in loaded if dataset is None or each.artifact.dataset == dataset]

    def _all(self) -> list[RegisteredModel]:
        """List the registered models by name. Raises `RegistryAway`."""
        with _reached(self.uri):
            found = self.client.search_registered_models(max_results=1000)
        return sorted(found, key=lambda each: str(each.name))


def unmade(uri: str) -> Path | None:
    """Give the file of a `sqlite:///` registry that is not there yet; None for any other."""
    path = Path(uri.removeprefix(SQLITE))
    return path if uri.startswith(SQLITE) and not path.exists() else None


def _opened(uri: str) -> mlflow.MlflowClient:
    """Open a store; a new database gets its tables here, in steps that a killed process would leave half done."""
    with _reached(uri), quiet_mlflow(uri), _soon():
        client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_registered_models(max_results=1)
    return client


@contextmanager
def _reached(uri: str) -> Iterator[None]:
    """Raise `RegistryAway` where MLflow says that its server does not answer, or not as one."""
    try:
        yield
    except MlflowException as error:
        if isinstance(error, RestException) or not str(error).startswith("API request to"):
            raise
        parts = urlsplit(uri)
        server = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        told = f"the MLflow server at {server} cannot be reached; start it, or say by AUGURY_MLFLOW where it is"
        raise RegistryAway(told) from error


@contextmanager
def _soon() -> Iterator[None]:
    """Let MLflow give up within seconds, not minutes, where nobody said how often it is to try."""
    if _TRIES in os.environ:
        yield
        return
    os.environ[_TRIES] = "2"
    try:
        yield
    finally:
        os.environ.pop(_TRIES, None)


@contextmanager
def quiet_mlflow(uri: str) -> Iterator[None]:
    """Point MLflow's fluent calls at a URI, without its notices, and leave both as they were."""
    before, logger = mlflow.get_tracking_uri(), logging.getLogger("mlflow")
    level = logger.level
    mlflow.set_tracking_uri(uri)
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        mlflow.set_tracking_uri(before)


def _requirements() -> list[str]:
    return [f"{name}=={version(name)}" for name in (*_NEEDS, distribution())]


def _signature(artifact: Artifact) -> ModelSignature:
    """Write the signature by hand: features may be null, keys are needed only where pairs are scored."""
    pairs = bool(artifact.categories)
    keys = [ColSpec("string", "customer_id", required=pairs), ColSpec("datetime", "cutoff", required=pairs)]
    if pairs:
        keys += [ColSpec("string", "category"), ColSpec("boolean", "eligible", required=False)]
    features = [ColSpec("string" if name in artifact.texts else "double", name) for name in artifact.features]
    return ModelSignature(inputs=Schema([*keys, *features]))
