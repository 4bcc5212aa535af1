"""The OpenAPI description: every route, every status, examples that are answers of this very schema."""

from functools import cache
from typing import Any, Final

import msgspec

from serving.api.bulk import ARROW, MODELS
from serving.api.examples import ANSWERS, PROBLEMS, REQUESTS
from serving.api.routes import JSON, ROUTES, Route
from serving.messages import Answer, Bulk, ById, ByPayload, Models, OffersAnswer, OffersAsked, Problem

TAKES: Final[dict[str, type]] = {
    "/v1/score": ById,
    "/v1/score/payload": ByPayload,
    "/v1/bulk": Bulk,
    "/v1/offers": OffersAsked,
}
GIVES: Final[dict[str, type]] = {
    "/v1/score": Answer,
    "/v1/score/payload": Answer,
    "/v1/bulk": Answer,
    "/v1/offers": OffersAnswer,
    "/v1/models": Models,
}
MEANINGS: Final = {
    400: "the body or a header is not what the route takes (bad_request)",
    401: "no API key, or none that is valid (unauthorized)",
    403: "the key may not ask this (forbidden)",
    404: "no such model (unknown_model)",
    405: "the route has another method (method_not_allowed)",
    408: "the request was not whole and answered in time (timeout)",
    413: "the body is too large (too_large)",
    415: "the content type is not understood (unsupported_media_type)",
    422: "understood, but it cannot be scored (invalid_history, invalid_features, not_explaining, not_of_pairs)",
    429: "over the key's rate; `Retry-After` says how many seconds to wait (rate_limited)",
    500: "the service failed; its log has the request's id (internal)",
    503: "no models yet, no feature store, or too much is being sent; ask again (not_ready, store_away, busy)",
}
_OF_POST: Final = (400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 500, 503)
_OF_GET: Final = (400, 401, 403, 405, 408, 413, 429, 500, 503)


@cache
def openapi() -> bytes:
    """Write the description as JSON."""
    types = [*TAKES.values(), *GIVES.values(), Problem]
    _, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    spec = {
        "openapi": "3.1.0",
        "info": {
            "title": "Augury",
            "version": "1",
            "description": "Churn risk, lifetime value, what to offer next and segments of customers.",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"header": []}, {}],
        "paths": {**{each.path: {each.method.lower(): _operation(each)} for each in ROUTES.values()}, **_PROBES},
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }
    return msgspec.json.encode(spec)


def _operation(route: Route) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": route.path.removeprefix("/v1/").replace("/", "_"),
        "summary": (route.answer.__doc__ or "").splitlines()[0],
        "responses": {"200": _given(route), **{str(each): _problem(each) for each in _statuses(route)}},
    }
    if route.path in TAKES:
        told["requestBody"] = {"required": True, "content": _taken(route)}
    return told


def _statuses(route: Route) -> tuple[int, ...]:
    return _OF_POST if route.method == "POST" else _OF_GET


def _taken(route: Route) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{TAKES[route.path].__name__}"}
    content: dict[str, Any] = {JSON: {"schema": schema, "examples": _examples(REQUESTS[route.path])}}
    return content | ({ARROW: {"schema": _BINARY | {"description": _ROWS}}} if ARROW in route.kinds else {})


def _given(route: Route) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{GIVES[route.path].__name__}"}
    content: dict[str, Any] = {JSON: {"schema": schema, "examples": _examples(ANSWERS[route.path])}}
    content |= {ARROW: {"schema": _BINARY | {"description": _SCORES}}} if ARROW in route.kinds else {}
    return {"description": "the answer", "headers": _REQUEST_ID, "content": content}


def _problem(status: int) -> dict[str, Any]:
    headers: dict[str, Any] = dict(_REQUEST_ID)
    if status in (429, 503):
        headers["Retry-After"] = {"description": "seconds to wait", "schema": {"type": "integer"}}
    examples = {code: Problem(code, message, _ID) for code, message in PROBLEMS[status].items()}
    content = {JSON: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": _examples(examples)}}
    return {"description": MEANINGS[status], "headers": headers, "content": content}


def _examples(named: dict[str, Any]) -> dict[str, Any]:
    return {name: {"value": msgspec.to_builtins(value)} for name, value in named.items()}


_ID: Final = "7f1c9a2e-1"
_BINARY: Final = {"type": "string", "contentMediaType": ARROW}
_ROWS: Final = (
    "an uncompressed Arrow IPC stream of up to 10,000 rows: customer_id (text), a column a feature (numbers or text), "
    "and for models that read them cutoff (timestamps without a zone), category (text) and eligible (booleans); "
    f"metadata of its schema: {MODELS.decode()}, names with commas between, all models if it is not there"
)
_SCORES: Final = (
    "an Arrow IPC stream: a row a customer (or pair) and model, model by model, with customer_id, model, version and "
    "score, and label, category, cutoff and what models of lifetime value tell, where there are such; of rows without "
    "a score refusal and reason; metadata of its schema: request_id and scored_at"
)
_REQUEST_ID: Final = {
    "X-Request-Id": {"description": "the client's own, or the service's", "schema": {"type": "string"}}
}


def _probe(meaning: str, kind: str, *statuses: str) -> dict[str, Any]:
    answers = {each: {"description": meaning, "content": {kind: {"schema": {}}}} for each in statuses}
    return {"get": {"summary": meaning, "security": [{}], "responses": answers}}


_PROBES: Final = {
    "/livez": _probe("the process answers", JSON, "200"),
    "/readyz": _probe("whether it can score, and what is not as it should be", JSON, "200", "503"),
    "/metrics": _probe("Prometheus' text format", "text/plain", "200"),
}
