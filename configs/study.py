"""What a study says: a TOML under `configs/studies/`."""

from datetime import date
from typing import Any

from pydantic import Field, PositiveInt

from configs.toml import HERE, Strict, find, names, read

FOLDER = HERE / "studies"


class Cutoffs(Strict):
    """Which cutoffs train and which test.

    Training cutoffs lie `step_days` apart, from the last whose horizon has closed by the first test cutoff back to
    `first`.
    """

    first: date
    step_days: PositiveInt
    test: list[date] = Field(min_length=1)

    def model_post_init(self, context: Any, /) -> None:
        """Refuse a test cutoff that stands there twice: its rows would count twice."""
        if len(set(self.test)) < len(self.test):
            raise ValueError(f"a test cutoff stands there twice: {', '.join(map(str, self.test))}")


class Study(Strict):
    """One experiment: whom it asks about, what it predicts, from what, with which models.

    `features` names features or whole families (files of `features/library/`). `models` gives each model's own
    parameters; `champion` is the one that `train` registers, `baseline` the one it is shown beside. `categories`
    is how many categories pairs are made of. A study without a target (segments) needs no horizon.
    """

    title: str
    dataset: str
    population: str
    features: list[str] = Field(min_length=1)
    cutoffs: Cutoffs
    models: dict[str, dict[str, Any]] = Field(min_length=1)
    champion: str
    baseline: str | None = None
    target: str | None = None
    horizon_days: PositiveInt | None = None
    categories: PositiveInt | None = None
    seed: int = 0

    def model_post_init(self, context: Any, /) -> None:
        """Refuse what does not hang together."""
        for role in (self.champion, self.baseline):
            if role is not None and role not in self.models:
                raise ValueError(f"{role!r} is not among the models {sorted(self.models)}")
        if (self.target is None) != (self.horizon_days is None):
            raise ValueError("a target needs horizon_days, and horizon_days a target")


def read_study(name: str) -> Study:
    """Read a study by its name or by the path of its file; a dataset file's path starts at the study's folder."""
    path = find("study", FOLDER, name)
    study = read(path, Study)
    if not study.dataset.endswith(".toml"):
        return study
    return study.model_copy(update={"dataset": str((path.parent / study.dataset).resolve())})


def study_names() -> list[str]:
    """List the studies."""
    return names(FOLDER)
