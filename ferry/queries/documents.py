"""Find the documents of a thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferry.models import THINGS, Document

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from ferry.models import Case, Company, Declaration, Driver, Licence, Trip, Vehicle

    Thing = Vehicle | Driver | Declaration | Licence | Trip | Case


def documents_of(company: Company) -> QuerySet[Document]:
    return Document.objects.filter(company=company).select_related(*THINGS)


def documents_about(thing: Thing, company: Company) -> QuerySet[Document]:
    """Find what a company keeps about a thing, the newest first, what it removed too.

    A vehicle that was handed over comes without the papers of who had it before.
    """
    return Document.objects.filter(company=company, **{name_of(thing): thing}).order_by("-pk")


def name_of(thing: Thing) -> str:
    """Name the thing as the field of a document that points to it."""
    name = thing._meta.model_name or ""
    assert name in THINGS  # noqa: S101
    return name
