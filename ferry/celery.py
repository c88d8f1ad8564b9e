"""The Celery application; `celery -A ferry worker` and `celery -A ferry beat` start here."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

from ferry.heap import freeze

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ferry.settings")

app = Celery("ferry")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def _begin(**_said: Any) -> None:
    freeze()
