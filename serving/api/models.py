"""`GET /v1/models`: what the service answers for."""

import msgspec

from models.contract import Model
from serving.api.call import Call, Told
from serving.live.live import Live
from serving.messages import ModelInfo, Models
from serving.scorer import Scorer


async def models(scorer: Scorer, call: Call) -> Told:
    """List the models that the key may ask."""
    served = [_info(live) for name, live in scorer.snapshot.models.items() if call.caller.may(name)]
    return Told(msgspec.json.encode(Models(served)), models=[each.name for each in served])


def _info(live: Live) -> ModelInfo:
    artifact = live.registered.artifact
    return ModelInfo(
        name=artifact.name,
        version=live.registered.version,
        artifact=artifact.id,
        dataset=artifact.dataset,
        population=artifact.population,
        target=artifact.target,
        kind=artifact.kind,
        horizon_days=artifact.horizon_days,
        features=list(artifact.features),
        engine=_engine(artifact.model),
        explains=live.why is not None,
        customers=live.held.generation.customers if live.held else 0,
        cutoff=live.cutoff,
        labels=list(artifact.model.labels),
        categories=list(artifact.categories),
    )


def _engine(model: Model) -> str:
    """Name what computes the model's scores: `forest` is our own trees, equal to XGBoost's bit for bit."""
    return str(getattr(model, "engine_", "model"))
