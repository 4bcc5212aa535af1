"""The BentoML service: champions by customer id, by payload, in bulk, and what to offer.

Settings come from the environment (`configs.settings`, `configs.service`). BentoML gives the process, its workers and
its build; requests are answered by `serving.api` before they reach BentoML's own routes.
"""

import bentoml

from configs.service import ServiceSettings
from configs.settings import Settings
from serving.api.app import Api
from serving.api.asgi import App, Message, Receive, Send
from serving.safety.log import quiet_logs
from serving.worker import Worker


@bentoml.service(
    name="augury",
    workers=ServiceSettings.read().workers,
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": ".*"},
)
class AuguryService:
    """Scores customers: churn, lifetime value, what to offer next, segment."""

    def __init__(self) -> None:
        quiet_logs()
        self.worker = Worker(Settings.read(), ServiceSettings.read())

    @bentoml.on_startup
    async def start(self) -> None:
        """Load what is current."""
        await self.worker.start()

    @bentoml.on_shutdown
    async def stop(self) -> None:
        """Let go of it."""
        await self.worker.stop()


class Front:
    """Stands before everything: what the API answers, it answers; the rest is BentoML's (a page, for one)."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            api: Api = bentoml.get_current_service().worker.api
            if api.answers(scope["path"]):
                await api(scope, receive, send)
                return
        await self.app(scope, receive, send)


class ToTheFront:
    """Middleware that puts `Front` before BentoML's own when the application starts.

    BentoML puts middleware behind its tracing and its timer. The timer keeps what belongs to a request for all of the
    timeout, a minute, and both cost more than a score does.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] == "lifespan":
            starlette = scope["app"]
            starlette.middleware_stack = Front(starlette.middleware_stack)
        await self.app(scope, receive, send)


AuguryService.add_asgi_middleware(ToTheFront)  # type: ignore[attr-defined]  # the decorator's
