"""What a study says: a TOML under `configs/studies/`."""

from datetime import date
from typing import Any, Literal

from pydantic import Field, PositiveInt

from configs.toml import HERE, Strict, find, names, read

FOLDER = HERE / "studies"
LABEL = "customers."
"""What targets begin with that are columns of the table of customers."""


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


class Folds(Strict):
    """How a table without dates is split: into `count` folds of customers, `repeats` times."""

    count: int = Field(default=5, ge=2)
    repeats: PositiveInt = 1


class Campaign(Strict):
    """What it costs to act on a score, and what it brings, in the currency of the data.

    Of would-be churners who are contacted the share `acceptance` takes the offer and stays. `value` is what a customer
    is worth who stays (or buys): the same for all, or `margin` times the feature `value_from`. `budget` is how much
    may be spent, `customers` how many may be contacted. `wins` says that the target is something to win (an answer to
    an offer, a purchase) and not something to keep from happening.
    """

    contact_cost: float = Field(ge=0, allow_inf_nan=False)
    offer_cost: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    acceptance: float = Field(default=1.0, gt=0, le=1)
    value: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    value_from: str | None = None
    margin: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    customers: PositiveInt | None = None
    budget: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    wins: bool = False

    def model_post_init(self, context: Any, /) -> None:
        """Refuse what does not hang together."""
        if (self.value is None) == (self.value_from is None):
            raise ValueError("say what a customer is worth: either value, or value_from, the name of a feature")
        if self.wins and self.acceptance != 1.0:
            raise ValueError("of a campaign that wins, the probability is that of the answer: leave acceptance out")
        if self.customers is not None and self.budget is not None:
            raise ValueError("say either customers, how many may be contacted, or budget, how much may be spent")


class Study(Strict):
    """One experiment: whom it asks about, what it predicts, from what, with which models.

    `features` names features or whole families (files of `features/library/`). `models` gives each model's own
    parameters; `champion` is the one that `train` keeps: by default the one that is best in the back-test. `baseline`
    is the one it is held against, and `tune` names those that `--trials` tunes (by default all that can be).
    `setting` says whether customers are under contract (`contractual`, `noncontractual`) where the data are not to be
    asked; it goes on record. `categories` is how many categories pairs are made of. A study without a target (segments)
    needs no horizon. The horizon begins `lead_days` after the cutoff. `learn_days` is how long the outcomes are that
    are learned from, where the horizon is so long that few of its length have closed: only models that carry them over
    to it can use them.

    Data with dates are judged at `cutoffs`, tables without dates by `folds`. `calibration` is `choose`, `none`,
    `sigmoid` or `isotonic`. `group` is what fairness is looked at by, such as `customers.age`. An AUC above
    `plausible_auc` is taken for a leak; `allowed` names features whose alarms are overridden, each with the reason,
    which goes on record (`model` stands for the alarm of the model as a whole).
    """

    title: str
    dataset: str
    population: str
    features: list[str] = Field(min_length=1)
    cutoffs: Cutoffs | None = None
    folds: Folds | None = None
    models: dict[str, dict[str, Any]] = Field(min_length=1)
    champion: str | None = None
    baseline: str | None = None
    tune: list[str] | None = None
    target: str | None = None
    setting: Literal["contractual", "noncontractual"] | None = None
    horizon_days: PositiveInt | None = None
    learn_days: PositiveInt | None = None
    lead_days: int = Field(default=0, ge=0)
    categories: PositiveInt | None = None
    calibration: str = "choose"
    group: str | None = None
    plausible_auc: float = Field(default=0.90, gt=0.5, le=1)
    allowed: dict[str, str] = Field(default_factory=dict)
    campaign: Campaign | None = None
    seed: int = 0

    def model_post_init(self, context: Any, /) -> None:
        """Refuse what does not hang together."""
        for role in (self.champion, self.baseline, *(self.tune or ())):
            if role is not None and role not in self.models:
                raise ValueError(f"{role!r} is not among the models {sorted(self.models)}")
        if (self.cutoffs is None) == (self.folds is None):
            raise ValueError("say either [cutoffs], for data with dates, or [folds], for a table without")
        if self.cutoffs is not None and (self.target or "").startswith(LABEL):
            raise ValueError(f"{self.target} has no time: it would be known at every cutoff; say [folds] instead")
        if self.folds is not None and (self.horizon_days or self.lead_days):
            raise ValueError("a table without dates has no horizon; leave horizon_days and lead_days out")
        if self.folds is not None and self.target is None:
            raise ValueError("folds need a target, such as customers.COLUMN=VALUE")
        if self.folds is not None and not (self.target or "").startswith(LABEL):
            raise ValueError(f"folds are of tables without dates, and {self.target} comes with time; say [cutoffs]")
        if self.cutoffs is not None and (self.target is None) != (self.horizon_days is None):
            raise ValueError("a target needs horizon_days, and horizon_days a target")
        if self.learn_days is not None and self.learn_days > (self.horizon_days or 0):
            raise ValueError(
                f"learn_days is {self.learn_days} and horizon_days {self.horizon_days}: what is learned from "
                "is at most as long as what is predicted"
            )
        if self.target is None and self.champion is None:
            raise ValueError("without a target nothing can be judged: name the champion")
        for feature, reason in self.allowed.items():
            if not reason.strip():
                raise ValueError(f"allowed.{feature}: give the reason; it goes on record")


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
