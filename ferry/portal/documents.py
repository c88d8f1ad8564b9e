"""The documents of a thing: added, shown to the company's members alone, removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from ferry.actions.documents import keep_document, remove_document
from ferry.errors import Refused
from ferry.models import Declaration, DocumentKind, Driver, Licence, Trip, Vehicle
from ferry.portal.access import dispatcher, member
from ferry.queries.documents import documents_about, documents_of, name_of
from ferry.uploaded import MOST_BYTES, too_large

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile
    from django.db.models.fields.files import FieldFile
    from django.http import HttpRequest

    from ferry.models import Document, Membership
    from ferry.queries.documents import Thing

#: By what a thing is named in addresses, and the kind its documents mostly are.
KEYS: dict[str, tuple[type[Any], str, str]] = {
    "vehicle": (Vehicle, "vin", DocumentKind.PHOTO),
    "driver": (Driver, "pk", DocumentKind.PASSPORT),
    "declaration": (Declaration, "number", DocumentKind.DECLARATION),
    "licence": (Licence, "pk", DocumentKind.EXPORT_LICENCE),
    "trip": (Trip, "reference", DocumentKind.PHOTO),
}


@dataclass(frozen=True)
class Shown:
    """A document, and whether this reader may open it."""

    document: Document
    may_open: bool


class DocumentForm(forms.Form):
    kind = forms.ChoiceField(choices=DocumentKind.choices)


def documents_shown(thing: Thing, membership: Membership) -> dict[str, Any]:
    """Give what templates/portal/documents.html draws."""
    thing_name = name_of(thing)
    _model, key, usual = KEYS[thing_name]
    rows = list(documents_about(thing, membership.company))
    return {
        "documents": [Shown(row, may_open(row, membership)) for row in rows if row.removed_at is None],
        "removed_documents": [row for row in rows if row.removed_at is not None],
        "document_kinds": DocumentKind.choices,
        "document_kind": usual,
        "keep_url": reverse("portal:document_keep", args=[thing_name, getattr(thing, key)]),
        "most_bytes": MOST_BYTES,
        "may_write": membership.may_write,
    }


def may_open(document: Document, membership: Membership) -> bool:
    """Say whether a member may see what is in it: a person's papers are for those who work with them."""
    return document.removed_at is None and (membership.may_write or not document.is_personal)


@require_POST
@member(writes=True)
def document_keep(request: HttpRequest, membership: Membership, thing: str, key: str) -> HttpResponse:
    """Keep each of the files sent; what cannot be kept is told by its name."""
    about = _thing(thing, key, membership)
    form = DocumentForm(request.POST)
    files = request.FILES.getlist("files")
    if not form.is_valid():
        messages.error(request, _("Choose what kind of document it is."))
    elif not files:
        messages.error(request, _("Choose at least one photo or PDF."))
    else:
        kept = sum(_keep(request, membership, about, form.cleaned_data["kind"], file) for file in files)
        if kept:
            told = ngettext("%(count)d document is added.", "%(count)d documents are added.", kept)
            messages.success(request, told % {"count": kept})
    return _answer(request, membership, about)


@require_POST
@member(writes=True)
def document_remove(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    # Evidence of a case stays with what was said of it.
    document = get_object_or_404(documents_of(membership.company), pk=pk, case=None)
    done = remove_document(
        document=document, company=membership.company, at=timezone.now(), by=dispatcher(membership)
    )
    if done:
        messages.success(request, _("The document is removed. Who removed it stays on record."))
    return _answer(request, membership, document.about)


@require_safe
@member()
def document(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Send the file to a member of the company that keeps it."""
    shown = _to_open(membership, pk)
    if not shown:
        return render(request, "403.html", status=403)
    return hand_out(
        shown.file,
        content_type=shown.content_type,
        name=shown.name,
        is_download=not shown.is_picture,
    )


@require_safe
@member()
def document_small(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    shown = _to_open(membership, pk)
    if not shown:
        return render(request, "403.html", status=403)
    if not shown.thumbnail:
        raise Http404
    return hand_out(shown.thumbnail, content_type=shown.content_type, name=shown.name)


def _thing(thing: str, key: str, membership: Membership) -> Thing:
    if thing not in KEYS:
        raise Http404
    model, name, _kind = KEYS[thing]
    if name == "pk" and not (key.isascii() and key.isdigit() and len(key) < 19):
        raise Http404
    found: Thing = get_object_or_404(model, company=membership.company, **{name: key})
    return found


def _keep(
    request: HttpRequest, membership: Membership, about: Thing, kind: str, file: UploadedFile[Any]
) -> bool:
    """Keep one file; say why not where it is refused, and count it where it is new."""
    name = file.name or ""
    try:
        if (file.size or 0) > MOST_BYTES:
            raise too_large()
        _document, is_new = keep_document(
            company=membership.company,
            about=about,
            kind=kind,
            name=name,
            content=file.read(),
            at=timezone.now(),
            by=dispatcher(membership),
        )
    except Refused as refused:
        for reason in refused.reasons:
            messages.error(request, f"{name}: {reason.detail}")
        return False
    if not is_new:
        messages.info(request, _("%(name)s is here already.") % {"name": name})
    return is_new


def _answer(request: HttpRequest, membership: Membership, about: Thing) -> HttpResponse:
    """Draw the documents again, or the whole page where there is no script."""
    if request.headers.get("HX-Request"):
        context = {**documents_shown(about, membership), "is_part": True}
        return render(request, "portal/documents.html", context)
    _model, key, _kind = KEYS[name_of(about)]
    return redirect(f"portal:{name_of(about)}", getattr(about, key))


def _to_open(membership: Membership, pk: int) -> Document | None:
    """Find a document of the company's; None where this member may not see what is in it."""
    found = get_object_or_404(documents_of(membership.company), pk=pk, removed_at=None)
    return found if may_open(found, membership) else None


def hand_out(
    file: FieldFile, *, content_type: str, name: str = "", is_download: bool = False
) -> HttpResponse:
    """Send an uploaded file to one who may see it; nothing keeps it, and it runs nothing."""
    try:
        with file.open("rb") as opened:
            content = opened.read()
    except FileNotFoundError as gone:
        raise Http404 from gone
    headers = {
        "Content-Disposition": content_disposition_header(is_download, name) or "inline",
        "Cache-Control": "private, no-store",
        # Even what slipped through every check runs nothing and loads nothing; browsers style a bare picture.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type=content_type, headers=headers)
