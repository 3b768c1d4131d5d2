"""The phone's page at ``/app``: files, the city's map, and what is told of a place."""

from evacroute.serving.app.routes import app_routes

__all__ = ["app_routes"]
