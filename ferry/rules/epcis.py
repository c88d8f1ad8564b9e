"""Say a trip's story as events of GS1 EPCIS 2.0 with the words of the Core Business Vocabulary 2.0.

Names are URIs of our own under the site's address: a VIN is no GS1 key, and its owner has no GS1 prefix that
could make a GIAI of it; EPCIS 2.0 takes any URI as an id, and CBV 2.0 (8.2.3) private HTTPS ones. They name
and need not lead anywhere. No person is in it: no name, no passport, not who acted.

What is told, and what is left out: a code is an object that is commissioned and decommissioned; a vehicle is
accepted by its driver, held and inspected at a gate, departs, arrives, is received or comes back. A release
that was withdrawn is declared an error of the event that told it. Records, cases, letters and what only a
driver says of the consignee are no events of an object.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.conf import settings

from ferry.models import Condition, EventKind, PassState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ferry.models import Pass, Trip, TripEvent

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
MEDIA_TYPE = "application/ld+json"
#: Each event has one id for ever: telling it again tells the same.
NAMESPACE = UUID("b2f4d0a6-58c2-4a3e-8f0b-1f6c9b7a3d54")
CHINA, KAZAKHSTAN = ZoneInfo(settings.CHINA_TIME_ZONE), ZoneInfo(settings.KAZAKH_TIME_ZONE)


class Said(NamedTuple):
    """How the vocabulary calls what happened, and on whose clocks it happened where nothing says."""

    step: str
    disposition: str = ""
    zone: ZoneInfo = CHINA


SAID: Mapping[str, Said] = {
    EventKind.PICKED_UP: Said("accepting", "in_progress"),
    EventKind.EXAMINE: Said("holding", "in_progress"),
    EventKind.REFUSED: Said("holding"),
    EventKind.EXAMINED: Said("inspecting", "conformant"),
    EventKind.EXITED: Said("departing", "in_transit"),
    EventKind.ARRIVED: Said("arriving", "in_progress", KAZAKHSTAN),
    EventKind.DELIVERED: Said("receiving", "in_progress", KAZAKHSTAN),
    EventKind.DELIVERY_REFUSED: Said("holding", "", KAZAKHSTAN),
    EventKind.RETURNED: Said("arriving", "returned"),
}
#: What a withdrawal of a release takes back.
PASSINGS = {"exit": EventKind.EXITED, "entry": EventKind.ARRIVED}
ENDED = {PassState.SUPERSEDED, PassState.REVOKED, PassState.LAPSED}


@dataclass(frozen=True)
class Story:
    """A trip with its vehicle, declaration and route, its events and its passes."""

    trip: Trip
    events: Sequence[TripEvent]
    passes: Sequence[Pass]


def epcis_document(stories: Iterable[Story], *, site: str, at: datetime) -> dict[str, Any]:
    events = [event for story in stories for event in epcis_events(story, site=site)]
    return {**document_head(at), "epcisBody": {"eventList": events}}


def document_head(at: datetime) -> dict[str, Any]:
    return {
        "@context": [CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": at.astimezone(CHINA).isoformat(),
    }


def epcis_events(story: Story, *, site: str) -> list[dict[str, Any]]:
    """Give a trip's events in the order in which they happened."""
    told = [*_of_passes(story, site), *_of_vehicle(story, site)]
    return [event for _moment, event in sorted(told, key=lambda one: one[0])]


Told = tuple[datetime, dict[str, Any]]


def _of_passes(story: Story, site: str) -> Iterator[Told]:
    for pass_ in story.passes:
        code = f"{site}/epcis/pass/{pass_.pass_id}"
        born = _event(story, site, f"issued {pass_.pass_id}", pass_.issued_at, pass_.issued_at, CHINA)
        yield (
            pass_.issued_at,
            {
                **born,
                "epcList": [code],
                "action": "ADD",
                "bizStep": "commissioning",
                "disposition": "active",
            },
        )
        if pass_.ended_at is not None and pass_.state in ENDED:
            ended = _event(story, site, f"ended {pass_.pass_id}", pass_.ended_at, pass_.ended_at, CHINA)
            yield (
                pass_.ended_at,
                {
                    **ended,
                    "epcList": [code],
                    "action": "DELETE",
                    "bizStep": "decommissioning",
                    "disposition": "inactive",
                },
            )


def _of_vehicle(story: Story, site: str) -> Iterator[Told]:
    passing: dict[str, dict[str, Any]] = {}
    for event in story.events:
        if event.kind in SAID:
            told = _vehicle_event(story, site, event)
            passing[event.kind] = told
            yield event.at, told
        elif event.kind == EventKind.WITHDRAWN:
            wrong = passing.pop(PASSINGS.get(event.data.get("crossing", ""), ""), None)
            if wrong is not None:
                moment = event.at.astimezone(CHINA).isoformat()
                error = {"declarationTime": moment, "reason": "did_not_occur"}
                yield event.at, {**wrong, "errorDeclaration": error}


def _vehicle_event(story: Story, site: str, event: TripEvent) -> dict[str, Any]:
    said, place = SAID[event.kind], _place(story, event)
    zone = said.zone if place is None else KAZAKHSTAN if place.startswith("KZ-") else CHINA
    told = {
        **_event(story, site, f"event {event.pk}", event.at, event.recorded_at, zone),
        "epcList": [f"{site}/epcis/vin/{story.trip.vehicle.vin}"],
        "action": "OBSERVE",
        "bizStep": said.step,
    }
    if disposition := _disposition(event, said):
        told["disposition"] = disposition
    if place is not None:
        checkpoint = f"{site}/epcis/checkpoint/{place}"
        lane = event.data.get("lane")
        told["readPoint"] = {"id": f"{checkpoint}/lane/{lane}" if _is_plain(lane) else checkpoint}
        # Where it is afterwards; who has departed is nowhere yet.
        if event.kind != EventKind.EXITED:
            told["bizLocation"] = {"id": checkpoint}
    return told


def _place(story: Story, event: TripEvent) -> str | None:
    """Name the checkpoint it happened at: as it was said, else the one where such a thing happens."""
    usual = {EventKind.EXITED: story.trip.route.exit, EventKind.ARRIVED: story.trip.route.entry}
    place = usual.get(event.kind)  # type: ignore[call-overload]
    said = event.data.get("checkpoint")
    return said if isinstance(said, str) and said else place and place.code


def _is_plain(lane: object) -> bool:
    return isinstance(lane, str) and lane.isascii() and lane.replace("-", "").isalnum()


def _disposition(event: TripEvent, said: Said) -> str:
    if event.kind == EventKind.EXAMINED and event.data.get("outcome") != "released":
        return "non_conformant"
    if event.kind == EventKind.DELIVERED and event.data.get("condition") == Condition.DAMAGED:
        return "damaged"
    return said.disposition


def _event(
    story: Story, site: str, about: str, at: datetime, recorded_at: datetime, zone: ZoneInfo
) -> dict[str, Any]:
    trip, local = story.trip, at.astimezone(zone)
    return {
        "type": "ObjectEvent",
        "eventID": f"urn:uuid:{uuid5(NAMESPACE, about)}",
        "eventTime": local.isoformat(),
        "eventTimeZoneOffset": f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:],
        "recordTime": recorded_at.astimezone(zone).isoformat(),
        "bizTransactionList": [
            {"type": f"{site}/epcis/type/trip", "bizTransaction": f"{site}/epcis/trip/{trip.reference}"},
            {
                "type": f"{site}/epcis/type/export-declaration",
                "bizTransaction": f"{site}/epcis/declaration/{trip.declaration.number}",
            },
        ],
    }
