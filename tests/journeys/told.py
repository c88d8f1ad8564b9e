"""All rows of a database, told so that two databases can be compared row by row.

The two began as copies. What was there then is told with its number; a row that was written since is told
without, for another order of the same work numbers it otherwise, and who refers to it tells it instead.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.models import JSONField, Model

from ferry.models import Case, Delivery, Notice

Known = Mapping[type[Model], set[Any]]
MODELS = [model for label in ("ferry", "clearance") for model in apps.get_app_config(label).get_models()]


@contextmanager
def opened(name: str) -> Iterator[None]:
    """Connect to a copy for a moment: its server may restart, and Django opens it to no test by itself."""
    connections[name].connect()
    try:
        yield
    finally:
        connections[name].close()


def known_rows(name: str) -> Known:
    with opened(name):
        return {model: set(model._base_manager.using(name).values_list("pk", flat=True)) for model in MODELS}


def differences(one: str, other: str, known: Known) -> dict[str, Any]:
    """Give for each table the rows that only one of two databases holds."""
    tables = [Rows(name, known).tables() for name in (one, other)]
    found = {}
    for table, rows in tables[0].items():
        only = [rows - tables[1][table], tables[1][table] - rows]
        if any(only):
            found[table] = dict(zip((one, other), only, strict=True))
    return found


class Rows:
    def __init__(self, name: str, known: Known) -> None:
        self.known = known
        with opened(name):
            self.rows = {model: self._read(name, model) for model in MODELS}

    @staticmethod
    def _read(name: str, model: type[Model]) -> dict[Any, dict[str, Any]]:
        rows = model._base_manager.using(name).values("pk", *(f.attname for f in model._meta.concrete_fields))
        return {row.pop("pk"): row for row in rows}

    def tables(self) -> dict[str, Counter[str]]:
        told = {
            model.__name__: Counter(repr(self.tell(model, pk)) for pk in rows)
            for model, rows in self.rows.items()
        }
        return told | {"Notice": self._notices()}

    def tell(self, model: type[Model], pk: Any) -> Any:
        if pk in self.known[model]:
            return {"pk": pk, **self._columns(model, pk)}
        return self._columns(model, pk)

    def _columns(self, model: type[Model], pk: Any) -> dict[str, Any]:
        row = self.rows[model][pk]
        told = {}
        for field in model._meta.concrete_fields:
            value = row[field.attname]
            if field.primary_key and pk not in self.known[model]:
                continue
            if field.related_model in self.known and value not in self.known[field.related_model]:
                value = value and self.tell(field.related_model, value)
            elif isinstance(field, JSONField):
                value = self._json(value)
            told[field.attname] = value
        return told | self._made_of_numbers(model, told)

    def _made_of_numbers(self, model: type[Model], told: Mapping[str, Any]) -> dict[str, Any]:
        """Tell an event without its id: that is made of its row's number."""
        if model is not Delivery:
            return {}
        return {"event_id": "", "body": self._json(json.loads(told["body"]) | {"id": ""})}

    def _json(self, value: Any) -> Any:
        """Tell the case that somebody names by its number."""
        if isinstance(value, dict):
            return {name: self._named(name, one) for name, one in value.items()}
        return value

    def _named(self, name: str, value: Any) -> Any:
        return self.tell(Case, value) if name == "case" and value else self._json(value)

    def _notices(self) -> Counter[str]:
        """Count the news of each kind that a member was told; which share a line goes by their order."""
        told: Counter[str] = Counter()
        for row in self.rows[Notice].values():
            told[f"{row['membership_id']} {row['kind']}"] += row["count"]
        return told
