"""Tell an explanation in words, with the source of each piece; to a company without officers' names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from clearance.evidence.words import (
    CHANGES,
    FIELDS,
    LIMIT_STATES,
    LIMITS,
    NAMES,
    REMARKS,
    ROWS,
    STANDINGS,
    WHY,
)
from clearance.rules.assess import ReceiptSeen, RecordSeen, RefusalSeen, ScanSeen
from clearance.rules.explain import OwnWord, Word
from ferry.models import CaseKind, DeclarationStatus
from ferry.portal.facts import told_facts
from ferry.queries.cases import own_facts
from ferry.templatetags.names import who

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from clearance.models import Record, Scan
    from clearance.queries.explained import Changed, Explained
    from clearance.rules.explain import Limit, Row, Witness
    from ferry.models import Trip

#: Told beside a piece of evidence that was heard of so much later.
LATE = timedelta(minutes=1)
TAIL = 4
Told = dict[str, Any]


@dataclass(frozen=True)
class Teller:
    """Tells of one trip; officers' own names are for the desk."""

    trip: Trip
    explained: Explained
    is_desk: bool

    def context(self) -> Told:
        explanation = self.explained.explanation
        return {
            "trip": self.trip,
            "is_desk": self.is_desk,
            "version": self.explained.version,
            "outcome": explanation.verdict.outcome,
            "why": _sentence(WHY[explanation.why.reason], explanation.why.names),
            "changes": [_change(code, names) for code, names in explanation.why.changes],
            "rows": [self._row(row) for row in explanation.rows],
            "limits": [_limit(limit) for limit in explanation.limits],
            "cases": self._cases(),
            "changed": [self._changed(each) for each in self.explained.changed],
        }

    def _cases(self) -> list[Told]:
        cases = [case for case in self.explained.cases if case.company_id == self.trip.company_id]
        facts = own_facts(cases)
        return [{"case": case, "facts": told_facts(facts[case.pk])} for case in cases]

    # --- Rows ---

    def _row(self, row: Row) -> Told:
        title, proves = ROWS[row.code]
        word, tone, icon = STANDINGS[row.standing]
        return {
            "code": row.code,
            "title": title,
            "proves": proves,
            "standing": {"code": row.standing, "word": word, "tone": tone, "icon": icon},
            "until": row.until,
            "findings": [CaseKind(kind).label for kind in row.findings],
            "witnesses": [self._witness(witness) for witness in row.witnesses],
        }

    def _witness(self, witness: Witness) -> Told:
        who_said, heard_at = self._source(witness.source)
        return {
            "who": who_said,
            "moment": witness.moment,
            "heard_at": heard_at if heard_at and heard_at - witness.moment > LATE else None,
            "vin": witness.vin,
            "agrees_vin": witness.agrees_vin,
            "person": self._person(witness),
            "agrees_person": witness.agrees_person,
            "agrees_time": witness.agrees_time,
            "remarks": [REMARKS[code] for code in witness.remarks] + self._more(witness.source),
        }

    def _source(self, source: object) -> tuple[list[Any], datetime | None]:
        if isinstance(source, ScanSeen):
            scan = self.explained.scans.get(source.id)
            return (self._scanner(scan) if scan else []), source.recorded_at
        if isinstance(source, RecordSeen):
            return self._recorded(self.explained.records.get(source, ()))
        if isinstance(source, Word):
            said = self.explained.words.get(source, ())
            return _feed(said) if said else ([_("as the company entered it")], None)
        if isinstance(source, OwnWord):
            return [who(self.explained.returned_by)] if self.explained.returned_by else [
                _("the company")
            ], None
        return [_("the consignee, by PIN")], None

    def _recorded(self, records: Sequence[Record]) -> tuple[list[Any], datetime | None]:
        """Say who told it; a supervisor is led to the record itself."""
        told, heard_at = _feed(records)
        if self.is_desk and records:
            address = reverse("desk:record", args=[records[0].pk])
            told[1] = format_html('<a href="{}">{}</a>', address, told[1])
        return told, heard_at

    def _scanner(self, scan: Scan) -> list[Any]:
        told: list[Any] = [str(scan.checkpoint)]
        if scan.lane:
            told.append(_("lane %(lane)s") % {"lane": scan.lane})
        if scan.device:
            told.append(scan.device.label if self.is_desk else _("Device"))
        elif scan.officer:
            told.append((scan.officer.name or scan.officer.email) if self.is_desk else _("Officer"))
        return told

    def _person(self, witness: Witness) -> str:
        """Name the trip's own drivers; of anybody else only the end of his passport is told."""
        tail = ""
        if isinstance(witness.source, RecordSeen):
            told = self.explained.records.get(witness.source, ())
            tail = next((_tail(record.passport_number) for record in told if record.passport_number), "")
        driver = self.explained.drivers.get(witness.person) if witness.person is not None else None
        if driver is None:
            return tail and pgettext("person", "somebody else") + f" · {tail}"
        return f"{driver.name} · {tail or _tail(driver.passport_number)}"

    def _more(self, source: object) -> list[str]:
        if isinstance(source, Word):
            return [str(DeclarationStatus(source.status).label)]
        if isinstance(source, ReceiptSeen):
            return [_("received by %(name)s") % {"name": source.receiver}]
        if isinstance(source, RefusalSeen):
            refusal = getattr(self.trip, "delivery_refusal", None)
            return [refusal.get_reason_display()] if refusal else []
        return []

    # --- Changed records ---

    def _changed(self, changed: Changed) -> Told:
        old, new, shift = changed
        kinds = {"came": shift.came if shift else (), "went": shift.went if shift else ()}
        return {
            "kind": new.get_kind_display(),
            "who": _origin(new),
            "received_at": new.received_at,
            "line": new.source_line,
            "fields": list(_differences(old, new)),
            **{name: [CaseKind(kind).label for kind in found] for name, found in kinds.items()},
            "is_judged": shift is not None,
        }


def _feed(records: Sequence[Record]) -> tuple[list[Any], datetime | None]:
    """Say which source told it, under which reference and in which line; the first of them, where several."""
    if not records:
        return [], None
    first = records[0]
    told = _origin(first)
    if len(records) > 1:
        told.append(_("and %(count)d more") % {"count": len(records) - 1})
    return told, first.received_at


def _origin(record: Record) -> list[Any]:
    told = [record.source, record.source_reference]
    if record.source_line is not None:
        told.append(_("line %(number)d") % {"number": record.source_line})
    return told


def _differences(old: Record, new: Record) -> Iterator[Told]:
    for name, label in FIELDS.items():
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            show = _tail if name == "passport_number" else (lambda value: value)
            yield {
                "label": label,
                "old": show(before),
                "new": show(after),
                "is_moment": isinstance(after, datetime),
            }


def _tail(number: str) -> str:
    return f"…{number[-TAIL:]}" if number else ""


def _limit(limit: Limit) -> Told:
    word, tone = LIMIT_STATES[limit.state]
    return {
        "label": LIMITS[limit.name],
        "since": limit.since,
        "until": limit.until,
        "came_at": limit.came_at,
        "stopped_h": round(limit.stopped_for / timedelta(hours=1)),
        "word": word,
        "tone": tone,
        "opens": CaseKind(limit.opens).label if limit.opens else "",
    }


def _change(code: str, names: Sequence[str]) -> Told:
    if code == "case_at":
        kind, moment = names
        return {"text": _sentence(CHANGES[code], [kind]), "moment": datetime.fromisoformat(moment)}
    return {"text": _sentence(CHANGES[code], names), "moment": None}


def _sentence(text: Any, names: Iterable[str]) -> str:
    return str(text).format(names=", ".join(_name(name) for name in names))


def _name(name: str) -> str:
    return str(NAMES[name] if name in NAMES else CaseKind(name).label)
