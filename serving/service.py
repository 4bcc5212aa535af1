"""The BentoML service: champions of one dataset, by customer id and by payload.

Settings come from the environment (`configs.settings`); `AUGURY_DATASET` names the customer base that is served.
"""

import os
from collections.abc import Callable
from http import HTTPStatus

import bentoml
import pandas as pd

from configs.settings import Settings
from models.registry import ModelRegistry
from serving.json_door import JsonDoor
from serving.lookup import Lookup
from serving.messages import ById, ByPayload, ModelInfo, Models, Problem, Score, Scores
from serving.scorer import NotScorable, Scorer, Served, UnknownCustomer, UnknownModel

STATUS = {
    UnknownModel: HTTPStatus.NOT_FOUND,
    UnknownCustomer: HTTPStatus.NOT_FOUND,
    NotScorable: HTTPStatus.UNPROCESSABLE_ENTITY,
}


def scorer_of(settings: Settings, dataset: str | None) -> Scorer:
    """Load the champions of a dataset (of all, if none is named) and the features of their latest batches."""
    champions = ModelRegistry(settings.mlflow).champions(dataset)
    if not champions:
        raise LookupError(f"no champion of {dataset or 'any dataset'} at {settings.mlflow}; run `augury train` first")
    return Scorer(Served(each, Lookup.read(settings.scored(each.artifact.name), each.artifact)) for each in champions)


@bentoml.service(
    name="augury",
    traffic={"timeout": 30},
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": ".*"},
)
class AuguryService:
    """Scores customers: churn, lifetime value, what to offer next, segment."""

    def __init__(self) -> None:
        self.scorer = scorer_of(Settings.read(), os.environ.get("AUGURY_DATASET"))

    @bentoml.api(route="/v1/score", output_spec=Scores)
    def score(self, request: ById, /, ctx: bentoml.Context) -> Scores | Problem:
        """Score customers by id, from the features of the latest batch."""
        return self._answer(ctx, lambda: self.scorer.by_id(request.customer_ids, request.models))

    @bentoml.api(route="/v1/score/payload", output_spec=Scores)
    def score_payload(self, request: ByPayload, /, ctx: bentoml.Context) -> Scores | Problem:
        """Score a customer from the transactions in the request, by the features' same definitions."""
        rows = pd.DataFrame([each.model_dump(exclude_none=True) for each in request.transactions])
        cutoff = pd.Timestamp(request.cutoff)
        return self._answer(
            ctx, lambda: self.scorer.by_payload(request.customer_id, rows, cutoff=cutoff, models=request.models)
        )

    @bentoml.api(route="/v1/models")
    def models(self) -> Models:
        """List what the service answers for."""
        return Models(models=[_info(each) for each in self.scorer.served.values()])

    def _answer(self, ctx: bentoml.Context, ask: Callable[[], pd.DataFrame]) -> Scores | Problem:
        try:
            return Scores(scores=[Score.model_validate(row) for row in _rows(ask())])
        except tuple(STATUS) as error:
            ctx.response.status_code = STATUS[type(error)]
            return Problem(error=str(error))


SHAPES = {api.route: api.input_spec for api in AuguryService.apis.values()}  # type: ignore[attr-defined]
AuguryService.add_asgi_middleware(JsonDoor, shapes=SHAPES)  # type: ignore[attr-defined]  # the decorator's


def _rows(scores: pd.DataFrame) -> list[dict[str, object]]:
    """Give rows as plain values; what a row does not have (category, label) is None."""
    return [{str(key): value for key, value in row.items() if not pd.isna(value)} for row in scores.to_dict("records")]


def _info(served: Served) -> ModelInfo:
    artifact, lookup = served.registered.artifact, served.lookup
    return ModelInfo(
        name=artifact.name,
        version=served.registered.version,
        artifact=artifact.id,
        dataset=artifact.dataset,
        population=artifact.population,
        target=artifact.target,
        horizon_days=artifact.horizon_days,
        cutoff=lookup.cutoff.to_pydatetime() if lookup else None,
        customers=len(lookup.places) if lookup else 0,
    )
