"""A file that a company keeps with a thing of its own: a scan, a photo, a PDF."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from ferry.models.case import Case
    from ferry.models.declaration import Declaration
    from ferry.models.driver import Driver
    from ferry.models.licence import Licence
    from ferry.models.trip import Trip
    from ferry.models.vehicle import Vehicle

#: What a document may be about: exactly one of these.
THINGS = ("vehicle", "driver", "declaration", "licence", "trip", "case")


class DocumentKind(models.TextChoices):
    PASSPORT = "passport", _("Passport")
    DRIVING_LICENCE = "driving_licence", _("Driving licence")
    DECLARATION = "declaration", _("Declaration")
    EXPORT_LICENCE = "export_licence", _("Export licence")
    AFTER_SALES = "after_sales", _("Maker's after-sales confirmation")
    INVOICE = "invoice", _("Invoice or contract")
    PHOTO = "photo", _("Photo")
    OTHER = "other", pgettext_lazy("document", "Other")


#: Papers of a person, wherever they were filed.
PERSONAL = frozenset({DocumentKind.PASSPORT, DocumentKind.DRIVING_LICENCE})


def _about_one() -> models.Q:
    alone = (models.Q(**{f"{thing}__isnull": thing != one for thing in THINGS}) for one in THINGS)
    return reduce(or_, alone)


class Document(models.Model):
    """A file as it was checked and kept; `sha256` is of the bytes that were sent.

    It is never erased: who removes it is written down, and the file stays.
    """

    company = models.ForeignKey("ferry.Company", models.PROTECT, related_name="documents")
    vehicle = models.ForeignKey(
        "ferry.Vehicle", models.PROTECT, null=True, blank=True, related_name="documents"
    )
    driver = models.ForeignKey(
        "ferry.Driver", models.PROTECT, null=True, blank=True, related_name="documents"
    )
    declaration = models.ForeignKey(
        "ferry.Declaration", models.PROTECT, null=True, blank=True, related_name="documents"
    )
    licence = models.ForeignKey(
        "ferry.Licence", models.PROTECT, null=True, blank=True, related_name="documents"
    )
    trip = models.ForeignKey("ferry.Trip", models.PROTECT, null=True, blank=True, related_name="documents")
    case = models.ForeignKey("ferry.Case", models.PROTECT, null=True, blank=True, related_name="documents")
    kind = models.CharField(_("kind of document"), max_length=16, choices=DocumentKind.choices)
    name = models.CharField(_("file name"), max_length=120)
    content_type = models.CharField(_("type"), max_length=40)
    size = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    file = models.FileField(max_length=100)
    thumbnail = models.FileField(max_length=100, blank=True)
    uploaded_at = models.DateTimeField(_("added"))
    uploaded_by = models.CharField(max_length=200)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)
    removed_by = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints = [
            models.CheckConstraint(condition=_about_one(), name="document_is_about_one_thing"),
            models.CheckConstraint(
                condition=models.Q(kind__in=DocumentKind.values), name="document_kind_is_known"
            ),
            *(
                models.UniqueConstraint(
                    fields=["company", thing, "sha256"],
                    condition=models.Q(removed_at__isnull=True),
                    name=f"one_document_per_{thing}_and_content",
                )
                for thing in THINGS
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def about(self) -> Vehicle | Driver | Declaration | Licence | Trip | Case:
        found: Vehicle | Driver | Declaration | Licence | Trip | Case = next(
            getattr(self, thing) for thing in THINGS if getattr(self, f"{thing}_id") is not None
        )
        return found

    @property
    def is_personal(self) -> bool:
        """Say whether it shows what only those who work with the person's papers may see."""
        return self.driver_id is not None or self.kind in PERSONAL

    @property
    def is_picture(self) -> bool:
        return self.content_type.startswith("image/")
