"""The WSGI entry point; `make run` and production start it with granian."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from ferry.heap import freeze

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ferry.settings")

application = get_wsgi_application()

get_resolver().url_patterns  # noqa: B018
freeze()
