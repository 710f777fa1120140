"""The union portal: one Django project that runs a district trade union's member services."""

from unionportal.celery import app as celery_app

__all__ = ["celery_app"]
