"""`POST /v1/offers`: what to offer customers next."""

from typing import Final

import msgspec

from serving.api.call import Call, Told, counted
from serving.messages import OffersAnswer, OffersAsked
from serving.offers import offers_of
from serving.scorer import Scorer

ASKED: Final = msgspec.json.Decoder(OffersAsked)


async def offers(scorer: Scorer, call: Call) -> Told:
    """Give each customer's best categories."""
    asked = call.read(ASKED)
    call.check_explain(asked.explain)
    call.paid(len(asked.customer_ids))
    results = await offers_of(scorer, asked, now=call.now, may=call.caller.may)
    body = msgspec.json.encode(OffersAnswer(call.request_id, call.scored_at, results))
    scores, refusals = counted(results)
    return Told(
        body,
        customers=len(asked.customer_ids),
        models=sorted({each.model for each in results if each.model}),
        scores=scores,
        refusals=refusals,
    )
