"""The HTTP side: one ASGI application over the scoring object."""
