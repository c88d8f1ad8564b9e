"""Keep documents and remove them."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry.errors import Conflict, Invalid, NotYours, Reason
from ferry.models import Document, DocumentKind
from ferry.queries.documents import documents_about, name_of
from ferry.uploaded import ENDINGS, Cleaned, clean, plain_name

if TYPE_CHECKING:
    from datetime import datetime

    from ferry.models import Company
    from ferry.queries.documents import Thing

#: More than belongs to one thing: somebody sends a folder.
MOST = 50


def keep_document(
    *, company: Company, about: Thing, kind: str, name: str, content: bytes, at: datetime, by: str
) -> tuple[Document, bool]:
    """Keep a file with a thing; False if the thing has the same bytes already.

    Raises Invalid where the file is not one to keep.
    """
    if about.company_id != company.pk:
        raise NotYours(NOT_THERE)
    if kind not in DocumentKind.values:
        raise Invalid(Reason("kind_unknown", _("Choose what kind of document it is."), "kind"))
    sha256 = hashlib.sha256(content).hexdigest()
    kept = documents_about(about, company).filter(removed_at=None)
    same = kept.filter(sha256=sha256).first()
    if same is not None:
        return same, False
    if kept.count() >= MOST:
        raise Conflict(TOO_MANY)
    cleaned = clean(content)
    document = Document(
        company=company,
        kind=kind,
        name=plain_name(name, cleaned.content_type),
        content_type=cleaned.content_type,
        size=len(cleaned.content),
        sha256=sha256,
        uploaded_at=at,
        uploaded_by=by,
        **{name_of(about): about},
    )
    _store(document, cleaned)
    try:
        with transaction.atomic():
            document.save()
    except IntegrityError:
        # Sent twice at the same moment: the other one is kept.
        _discard(document)
        return kept.get(sha256=sha256), False
    return document, True


def remove_document(*, document: Document, company: Company, at: datetime, by: str) -> bool:
    """Take a document off its thing; False if it was taken off already. The file stays."""
    if document.company_id != company.pk:
        raise NotYours(NOT_THERE)
    standing = Document.objects.filter(pk=document.pk, removed_at=None)
    return bool(standing.update(removed_at=at, removed_by=by))


def _store(document: Document, cleaned: Cleaned) -> None:
    """Write the files under names of our own, before the row that names them."""
    name = f"documents/{document.company_id}/{uuid.uuid4().hex}"
    document.file.save(f"{name}{ENDINGS[cleaned.content_type]}", ContentFile(cleaned.content), save=False)
    if cleaned.thumbnail:
        document.thumbnail.save(f"{name}-small.jpg", ContentFile(cleaned.thumbnail), save=False)


def _discard(document: Document) -> None:
    for file in (document.file, document.thumbnail):
        if file:
            file.delete(save=False)


NOT_THERE = Reason("not_found", _("There is nothing of yours here. Open it from its list again."))
TOO_MANY = Reason(
    "documents_too_many",
    format_lazy(_("Up to {most} documents are kept here. Remove one that is not needed."), most=MOST),
    "files",
)
