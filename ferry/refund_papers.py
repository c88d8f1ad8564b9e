"""Write a declaration's proofs into one ZIP: a list, a cover, receipts, what checkpoints did, a manifest.

It is written in pieces of some vehicles, for a thousand receipts take long to draw; then the pieces are put
together. The same facts give the same bytes: no moment of writing stands anywhere in it.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
import re
import zipfile
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from openpyxl import Workbook

from ferry.paper import paper, write_line
from ferry.sheets.refused import append_text, sheet_title

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ferry.models import Declaration, TripEvent

#: The earliest moment that a ZIP can say.
NO_MOMENT = (1980, 1, 1, 0, 0, 0)
SAVED_AT = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
MARGIN, WIDTH, LINE = 20, 170, 9
#: Of the list's columns, in characters.
WIDTHS = (22, 24, 24, 24, 14, 26, 34, 46)
#: What a piece says beside its receipts.
LINES = "lines.json"
BLOCK = 64 * 1024
EXTRACT = ("vin", "trip", "what", "beijing", "astana", "checkpoint", "lane")


def write_piece(target: IO[bytes], proofs: Iterable[tuple[Any, bytes | None]]) -> None:
    """Write proofs (ferry.queries.refund.Proof), each with its receipt, to be put together by `Writer`."""
    lines = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as piece:
        for proof, receipt in proofs:
            line = _line(proof, has_receipt=receipt is not None)
            lines.append(line)
            if receipt is not None:
                piece.writestr(_entry(line["receipt"]), receipt)
        piece.writestr(_entry(LINES), json.dumps(lines, ensure_ascii=False))


def _line(proof: Any, *, has_receipt: bool) -> dict[str, Any]:
    line, trip = proof.line, proof.trip
    name = f"receipts/{line.vin}-{trip.reference}.pdf" if has_receipt else ""
    about = [trip.reference, str(trip.route), trip.consignee_name] if trip else ["", "", ""]
    moments = [_clock(line.exited_at), _clock(trip.arrived_at if trip else None)]
    moments += [_clock(trip.delivered_at if trip else None)]
    return {
        "row": [line.vin, *moments, *about, name],
        "events": [_extract(line.vin, trip.reference, event) for event in proof.events],
        "is_out": line.exited_at is not None,
        "receipt": name,
    }


class Writer:
    """Add pieces one after another and finish; memory holds one receipt at a time, however many there are."""

    def __init__(self, target: IO[bytes], declaration: Declaration) -> None:
        self.declaration = declaration
        self.zip = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED)
        self.digests: dict[str, str] = {}
        self.out = self.received = 0
        self.workbook = Workbook(write_only=True)
        self.sheet = self.workbook.create_sheet(sheet_title(declaration.number))
        self.sheet.freeze_panes = "A2"
        for column, width in zip("ABCDEFGH", WIDTHS, strict=True):
            self.sheet.column_dimensions[column].width = width
        append_text(self.sheet, _headings())
        self.extract = TemporaryFile()  # noqa: SIM115  (closed at the end)
        self.lines_file = io.TextIOWrapper(self.extract, encoding="utf-8", newline="")
        self.lines = csv.writer(self.lines_file)
        self.lines.writerow(EXTRACT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Leave nothing open, finished or not."""
        self.zip.close()
        self.lines_file.close()
        if not self.sheet.closed:
            self.sheet.close()

    def add(self, file: IO[bytes]) -> None:
        """Add what `write_piece` wrote."""
        with zipfile.ZipFile(file) as piece:
            for line in json.loads(piece.read(LINES)):
                if line["receipt"]:
                    self._keep(line["receipt"], piece.read(line["receipt"]))
                self.out += line["is_out"]
                self.received += bool(line["receipt"])
                append_text(self.sheet, line["row"])
                for event in line["events"]:
                    self.lines.writerow(map(_plain, event))

    def finish(self) -> None:
        self._keep("cover.pdf", self._cover())
        self._keep("list.xlsx", self._list())
        self._keep_extract("scans.csv")
        manifest = {"declaration": self.declaration.number, "sha256": dict(sorted(self.digests.items()))}
        content = json.dumps(manifest, indent=1, ensure_ascii=False).encode()
        self.zip.writestr(_entry("manifest.json"), content)
        self.zip.close()

    def _keep(self, name: str, content: bytes) -> None:
        self.digests[name] = hashlib.sha256(content).hexdigest()
        self.zip.writestr(_entry(name), content)

    def _list(self) -> bytes:
        """Save the workbook without the moment of saving, which it would say in two ways."""
        saved, plain = io.BytesIO(), io.BytesIO()
        self.workbook.save(saved)
        with zipfile.ZipFile(saved) as book, zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as copy:
            for name in book.namelist():
                content = SAVED_AT.sub(rb"\g<1>1980-01-01T00:00:00Z", book.read(name))
                copy.writestr(_entry(name), content)
        return plain.getvalue()

    def _keep_extract(self, name: str) -> None:
        digest = hashlib.sha256()
        self.lines_file.flush()
        self.extract.seek(0)
        with self.zip.open(_entry(name), "w") as kept:
            content = codecs.BOM_UTF8
            while content:
                digest.update(content)
                kept.write(content)
                content = self.extract.read(BLOCK)
        self.digests[name] = digest.hexdigest()

    def _cover(self) -> bytes:
        pdf = paper()
        pdf.set_title(self.declaration.number)
        pdf.set_creation_date(self.declaration.status_at)
        pdf.add_page()
        y = float(MARGIN)
        for text, size in self._said():
            write_line(pdf, text, x=MARGIN, y=y, width=WIDTH, size=size, bold=size > LINE + 3)
            y += LINE + (size - LINE) / 4
        return bytes(pdf.output())

    def _said(self) -> list[tuple[str, float]]:
        one = self.declaration
        counts = {"out": self.out, "quantity": one.quantity, "received": self.received}
        return [
            (pgettext("paper", "Proofs for the export tax refund"), 20),
            (f"{_('Declaration')} {one.number}", 14),
            (f"{one.company.name} · {one.company.uscc}", 12),
            (f"{_('Supervision mode')} {one.supervision_mode}", 12),
            (f"{_('Closed')}: {_clock(one.closed_at)}", 12),
            (f"{_('Refund-ready')}: {_clock(one.refund_ready_at)}", 12),
            (_("%(out)d of %(quantity)d vehicles out · receipts: %(received)d") % counts, 12),
            ("list.xlsx · scans.csv · receipts/ · manifest.json (SHA-256)", 10),
        ]


def _headings() -> list[str]:
    return [
        _("VIN"),
        _("Left China"),
        _("Entered Kazakhstan"),
        _("Received"),
        _("Trip"),
        _("Route"),
        _("Consignee"),
        _("Receipt"),
    ]


def _extract(vin: str, reference: str, event: TripEvent) -> Sequence[str]:
    data = event.data
    said = [str(data.get(name, "")) for name in ("checkpoint", "lane")]
    kazakh = event.at.astimezone(ZoneInfo(settings.KAZAKH_TIME_ZONE))
    return [vin, reference, str(event.kind), _clock(event.at), f"{kazakh:%Y-%m-%d %H:%M} UTC+5", *said]


def _plain(text: str) -> str:
    """Keep text from beginning a formula in a reader's program."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _clock(moment: datetime | None) -> str:
    zone = ZoneInfo(settings.CHINA_TIME_ZONE)
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} UTC+8" if moment else ""


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, NO_MOMENT)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
