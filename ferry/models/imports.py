"""Imports: a spreadsheet as it was uploaded, what became of each line, and the headings its owner uses.

The owner is a company here; the border has imports of its own with sources of records as owners.
"""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ferry import vault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class ImportState(models.TextChoices):
    READING = "reading", pgettext_lazy("import", "Being read")
    PREVIEWED = "previewed", pgettext_lazy("import", "To be looked at")
    IMPORTING = "importing", pgettext_lazy("import", "Being imported")
    DONE = "done", pgettext_lazy("import", "Imported")
    FAILED = "failed", pgettext_lazy("import", "Could not be read")
    GIVEN_UP = "given_up", pgettext_lazy("import", "Given up")


#: What a worker has to do.
OPEN_IMPORTS = (ImportState.READING, ImportState.IMPORTING)
#: Every kind of import has this fate, beside its own.
REFUSED = "refused"


class Fate(models.TextChoices):
    """What becomes of a line, and once it is settled what became of it."""

    ADDED = "added", pgettext_lazy("import", "Added")
    CHANGED = "changed", pgettext_lazy("import", "Changed")
    UNCHANGED = "unchanged", pgettext_lazy("import", "Unchanged")
    REFUSED = "refused", pgettext_lazy("import", "Refused")


def seal(thing: Any) -> bytes:
    """Seal what may hold passport numbers."""
    return vault.lock(json.dumps(thing, ensure_ascii=False).encode())


def unseal(sealed: bytes | memoryview) -> Any:
    return json.loads(vault.unlock(bytes(sealed))) if sealed else {}


def kept_as(_file_import: Upload, _name: str) -> str:
    """Name a stored file ourselves: nothing of what its sender called it."""
    return f"imports/{secrets.token_hex(16)}"


class Upload(models.Model):
    """One spreadsheet on its way in.

    It is its own queue: a worker reads it, judges every line and stops; when somebody has looked and agreed,
    a worker imports it. `key` is chosen by whoever uploads, so that pressing twice makes one. `worker` holds
    it until `held_until`. `headings` are corrections: sheet → kind, row, column → field.
    """

    #: The field that says whose it is; the owner has `known_headings`.
    owner_field: ClassVar[str]
    #: What of ferry.sheets it reads, and what can become of a line.
    kinds: ClassVar[Sequence[str]]
    fates: ClassVar[type[models.TextChoices]]
    #: Whether the next turn goes on behind the lines that were `read`, or begins at the first.
    goes_on: ClassVar[bool] = False
    #: How long the file and its lines are kept.
    kept_for: ClassVar[timedelta]

    key = models.UUIDField()
    name = models.CharField(_("file"), max_length=200)
    size = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField(_("digest"), max_length=64)
    file = models.FileField(upload_to=kept_as, max_length=100, blank=True)
    headings = models.JSONField(default=dict)
    state = models.CharField(
        _("state"), max_length=10, choices=ImportState.choices, default=ImportState.READING
    )
    total = models.PositiveIntegerField(_("lines"), default=0)
    read = models.PositiveIntegerField(default=0)
    tallies = models.JSONField(_("fates"), default=dict)
    report = models.BinaryField(default=bytes)
    language = models.CharField(max_length=8, default=settings.LANGUAGE_CODE)
    created_at = models.DateTimeField(_("uploaded"))
    created_by = models.CharField(_("by"), max_length=200)
    started_by = models.CharField(_("started by"), max_length=200, blank=True)
    finished_at = models.DateTimeField(_("done"), null=True, blank=True)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)
    worker = models.UUIDField(null=True, blank=True)
    held_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    if TYPE_CHECKING:
        objects: ClassVar[models.Manager[Any]]
        lines: Any

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def owner(self) -> Any:
        return getattr(self, self.owner_field)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_IMPORTS

    @property
    def is_looked_at(self) -> bool:
        """Say whether it waits for somebody's word between reading and importing."""
        return True

    @property
    def given(self) -> Mapping[str, str]:
        """Give what is known of every line, so that no column need say it: field → value."""
        return {}

    @property
    def told(self) -> dict[str, Any]:
        """Give the report: `sheets`, `incomplete` declarations, `unplaced` lines, `reasons` why it failed."""
        report: dict[str, Any] = unseal(self.report)
        return report

    @property
    def kept_days(self) -> int:
        return self.kept_for.days

    def count(self, *fates: str) -> int:
        return sum(tally.get(fate, 0) for tally in self.tallies.values() for fate in fates)

    @property
    def good(self) -> int:
        return self.count(*(fate for fate in self.fates.values if fate != REFUSED))

    @property
    def refused(self) -> int:
        return self.count(REFUSED)


class UploadLine(models.Model):
    """One line of a file. Its cells and the reasons against it are sealed: they may hold passport numbers."""

    sheet = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField(_("line"))
    kind = models.CharField(max_length=16)
    is_settled = models.BooleanField(default=False)
    sealed = models.BinaryField()

    if TYPE_CHECKING:
        fate: str

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.sheet + 1}:{self.number}"

    @property
    def told(self) -> dict[str, Any]:
        """Give the line's `cells` as they were read, and the `reasons` against it."""
        line: dict[str, Any] = unseal(self.sealed)
        return line


class OwnHeadings(models.Model):
    """A row of headings as its owner once corrected it, known again by its fingerprint."""

    fingerprint = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    columns = models.JSONField(_("read as"))
    known_at = models.DateTimeField(_("known since"))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.fingerprint


class FileImport(Upload):
    """One spreadsheet on its way into a company's lists."""

    owner_field = "company"
    kinds = ("vehicles", "drivers", "declarations", "readiness")
    fates = Fate
    kept_for = timedelta(days=7)

    company = models.ForeignKey("ferry.Company", models.PROTECT, related_name="imports")

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [models.UniqueConstraint(fields=["company", "key"], name="one_import_per_key")]
        indexes = [
            models.Index(fields=["company", "-id"], name="import_of_company"),
            models.Index(fields=["id"], condition=models.Q(state__in=OPEN_IMPORTS), name="import_to_work"),
            models.Index(
                fields=["created_at"], condition=models.Q(removed_at__isnull=True), name="import_to_remove"
            ),
        ]


class ImportLine(UploadLine):
    file_import = models.ForeignKey(FileImport, models.CASCADE, related_name="lines")
    fate = models.CharField(_("fate"), max_length=9, choices=Fate.choices)

    class Meta:
        verbose_name = _("line of an import")
        verbose_name_plural = _("lines of an import")
        constraints = [
            models.UniqueConstraint(fields=["file_import", "sheet", "number"], name="line_once_per_import")
        ]
        indexes = [models.Index(fields=["file_import", "fate", "id"], name="import_line_by_fate")]


class KnownHeadings(OwnHeadings):
    company = models.ForeignKey("ferry.Company", models.CASCADE, related_name="known_headings")

    class Meta:
        verbose_name = _("known headings")
        verbose_name_plural = _("known headings")
        constraints = [models.UniqueConstraint(fields=["company", "fingerprint"], name="headings_known_once")]
