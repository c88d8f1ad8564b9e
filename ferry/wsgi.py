"""The WSGI entry point; `make run` and production start it with granian."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ferry.settings")

application = get_wsgi_application()

# What is loaded by now stays until the end: looking through it for rubbish again and again stops every
# request for a tenth of a second.
get_resolver().url_patterns  # noqa: B018
gc.collect()
gc.freeze()
