"""`/livez`: the process answers. `/readyz`: it can serve requests."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint

HEALTH_PATHS = frozenset({"/livez", "/readyz"})


def health_routes(probe: Callable[[], object]) -> Blueprint:
    """Return the two routes; `probe` raises while the service can't do its work."""
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def live() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz")
    def ready() -> dict[str, str]:
        probe()
        return {"status": "ready"}

    return routes
