"""Look at imports: their lines by fate, and the headings chosen for them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from ferry.errors import Reason
from ferry.models import FileImport
from ferry.models.imports import REFUSED
from ferry.sheets import (
    Heading,
    RefusedLine,
    RefusedTable,
    Row,
    find_heading,
    judge_heading,
)
from ferry.sheets.text import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from ferry.models import Company, OwnHeadings, Upload, UploadLine
    from ferry.sheets import Rows

#: Of a cell at the top of a sheet.
LONGEST_TITLE = 200


def imports_of(company: Company) -> QuerySet[FileImport]:
    return FileImport.objects.filter(company=company).select_related("company")


def tallies_of(file_import: Upload) -> dict[str, dict[str, int]]:
    """Count an import's lines: kind → fate → lines."""
    tallies: dict[str, dict[str, int]] = {}
    rows = file_import.lines.order_by("kind", "fate").values_list("kind", "fate").annotate(Count("pk"))
    for kind, fate, count in rows:
        tallies.setdefault(kind, {})[fate] = count
    return tallies


def refused_tables(file_import: Upload) -> Iterator[RefusedTable]:
    """Give the refused lines of each sheet, as they were read."""
    sheets = file_import.told.get("sheets", [])
    lines = file_import.lines.filter(fate=REFUSED).order_by("sheet", "number").iterator()
    for place, own in groupby(lines, key=lambda line: line.sheet):
        sheet = sheets[place]
        yield RefusedTable(sheet["name"], titles_of(sheet), map(_refused, own))


def titles_of(sheet: Mapping[str, Any]) -> list[str]:
    titles: list[str] = dict(sheet["top"]).get(sheet["row"], [])
    return titles


def _refused(line: UploadLine) -> RefusedLine:
    told = line.told
    return RefusedLine(
        Row(line.number, {}, told["cells"]), [Reason(code, detail) for code, detail in told["reasons"]]
    )


# --- Headings ----------------------------------------------------------------------------------


def fingerprint(titles: Sequence[str]) -> str:
    """Know a row of headings again, however it is spelt, without keeping what it says."""
    folded = json.dumps([fold(title[:LONGEST_TITLE]) for title in titles])
    return hashlib.sha256(folded.encode()).hexdigest()


def chosen_headings(file_import: Upload) -> Chosen:
    known = {one.fingerprint: one for one in file_import.owner.known_headings.all()}
    return Chosen(file_import.headings, known, file_import.kinds, tuple(file_import.given))


@dataclass(frozen=True)
class Chosen:
    """Choose headings as they were corrected, else as their owner once corrected them, else as is usual."""

    corrected: Mapping[str, Any]
    known: Mapping[str, OwnHeadings]
    kinds: Sequence[str]
    given: Sequence[str] = ()

    def __call__(self, rows: Rows, *, sheet: str) -> Heading | Reason:
        if sheet in self.corrected:
            return self._corrected(self.corrected[sheet], rows, sheet)
        for number, titles in rows:
            known = self.known.get(fingerprint(titles))
            if known:
                return self._heading(known.kind, number, titles, known.columns, sheet)
        return self._usual(rows, sheet)

    def _usual(self, rows: Rows, sheet: str) -> Heading | Reason:
        """Prefer what is imported here; a table of another kind is known as such, to be told so."""
        own = find_heading(rows, sheet=sheet, kinds=self.kinds, given=self.given)
        if isinstance(own, Heading):
            return own
        other = find_heading(rows, sheet=sheet)
        return other if isinstance(other, Heading) else own

    def _corrected(self, said: Mapping[str, Any], rows: Rows, sheet: str) -> Heading | Reason:
        if not said["kind"]:
            return Reason("sheet_left_out", _("You chose to leave this sheet out."))
        titles = dict(rows).get(said["row"], [])
        return self._heading(said["kind"], said["row"], titles, said["columns"], sheet)

    def _heading(
        self, kind: Any, number: int, titles: list[str], columns: Mapping[str, str], sheet: str
    ) -> Heading | Reason:
        within = {int(index): field for index, field in columns.items() if int(index) < len(titles)}
        return judge_heading(Heading(kind, number, titles, within), sheet=sheet, given=self.given)
