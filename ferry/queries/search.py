"""Search a company's lists, quick however long they are.

What `Words` joins is what the trigram indexes of ferry.trigrams hold: the two must be written alike. One
or two signs they know only where a text begins or ends, as people mean them: a VIN's end, a name's start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, F, Func, OuterRef, Q, TextField
from django.db.models.functions import Right
from django.db.models.lookups import Contains, EndsWith, Exact, StartsWith

from ferry.models import Declaration, DeclaredVehicle, Driver, Trip, Vehicle
from ferry.queries.ids import one_of
from ferry.rules.search import Search, read_search
from ferry.rules.vin import LENGTH as VIN_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from ferry.models import Licence

#: Up to so many vehicles, drivers or declarations are looked up first, and their trips then found by index.
FEW = 5000
TRIGRAM = 3
PASSPORT_TAIL = 4
DECLARATION_DIGITS = 18


class Words(Func):
    """Join columns in capitals, without the marks between them that people type or leave out."""

    output_field = TextField()
    arg_joiner = " || "
    template = "UPPER(REPLACE(REPLACE(REPLACE(%(expressions)s, ' ', ''), '-', ''), '·', ''))"


def search_vehicles(vehicles: QuerySet[Vehicle], text: str) -> QuerySet[Vehicle]:
    """Search by a part of the VIN, plate, make or model, or by many VINs."""
    if not text.strip():
        return vehicles
    wanted = read_search(text)
    return vehicles.filter(vehicle_matches(wanted)) if wanted else vehicles.none()


def search_drivers(drivers: QuerySet[Driver], text: str) -> QuerySet[Driver]:
    """Search by either name, phone or the passport's last four: a whole number has no place in an address."""
    if not text.strip():
        return drivers
    wanted = read_search(text)
    return drivers.filter(driver_matches(wanted)) if wanted else drivers.none()


def search_declarations(declarations: QuerySet[Declaration], text: str) -> QuerySet[Declaration]:
    """Search by a part of the number or of a VIN on it, or by many of either."""
    if not text.strip():
        return declarations
    wanted = read_search(text)
    if not wanted:
        return declarations.none()
    listing = DeclaredVehicle.objects.filter(_vin_matches(wanted, "vin"))
    found = _few(listing.values_list("declaration_id", flat=True))
    listed = Exists(listing.filter(declaration=OuterRef("pk"))) if found is None else one_of("pk", found)
    return declarations.filter(declaration_matches(wanted) | listed)


def search_licences(licences: QuerySet[Licence], text: str) -> QuerySet[Licence]:
    """Search by a part of the number, or by many numbers."""
    if not text.strip():
        return licences
    wanted = read_search(text)
    return licences.filter(_holds("number", wanted)) if wanted else licences.none()


def search_trips(trips: QuerySet[Trip], text: str) -> QuerySet[Trip]:
    """Search by reference, a part of the VIN, plate, declaration number or driver's name, or by many numbers.

    A condition that spans tables could only be tested trip by trip; so those it names are found first.
    """
    if not text.strip():
        return trips
    wanted = read_search(text)
    if not wanted:
        return trips.none()
    found = Q(reference__in=wanted.pasted) if wanted.pasted else Q(reference__startswith=wanted.number)
    for name, matches, rows in (
        ("vehicle", vehicle_matches, Vehicle.objects.all()),
        ("driver", driver_matches, Driver.objects.all()),
        ("declaration", declaration_matches, Declaration.objects.all()),
    ):
        few = _few(rows.filter(matches(wanted)).values_list("pk", flat=True))
        found |= matches(wanted, f"{name}__") if few is None else Q(one_of(f"{name}_id", few))
    return trips.filter(found)


def vehicle_matches(wanted: Search, path: str = "") -> Q:
    if wanted.pasted or len(wanted.number) == VIN_LENGTH:
        return _vin_matches(wanted, f"{path}vin")
    if max(map(len, wanted.words)) < TRIGRAM:
        begun = _begins(wanted, path, "plate", "make", "model")
        ended = _holds(f"{path}plate", wanted) | _holds(f"{path}vin", wanted)
        return begun | ended if wanted.is_short else begun
    return _spelt(wanted, Words(*(F(f"{path}{field}") for field in ("vin", "plate", "make", "model"))))


def driver_matches(wanted: Search, path: str = "") -> Q:
    if wanted.pasted:
        return Q(pk__in=())
    words = Words(F(f"{path}name"), F(f"{path}name_latin"), F(f"{path}phone"))
    if wanted.is_short:
        ends = Q(StartsWith(words, wanted.number)) | Q(EndsWith(words, wanted.number))
        return ends | Q(**{f"{path}name_latin__startswith": wanted.number})
    found = _spelt(wanted, words)
    if len(wanted.number) != PASSPORT_TAIL:
        return found
    return found | Q(Exact(Right(f"{path}passport_number", PASSPORT_TAIL), wanted.number))


def declaration_matches(wanted: Search, path: str = "") -> Q:
    if wanted.pasted:
        return Q(**{f"{path}number__in": [one for one in wanted.pasted if len(one) == DECLARATION_DIGITS]})
    return _holds(f"{path}number", wanted) if wanted.number.isdigit() else Q(pk__in=())


def _spelt(wanted: Search, words: Words) -> Q:
    return _any(Q(Contains(words, spelling)) for spelling in wanted.words)


def _begins(wanted: Search, path: str, *fields: str) -> Q:
    """Compare with columns as they are: what is too short to have parts has a beginning in their indexes."""
    return _any(
        Q(**{f"{path}{field}__startswith": word})
        for field in fields
        for word in dict.fromkeys((*wanted.words, *(word.title() for word in wanted.words)))
    )


def _vin_matches(wanted: Search, field: str) -> Q:
    numbers = wanted.pasted or (wanted.number,)
    whole = [number for number in numbers if len(number) == VIN_LENGTH]
    parts = [number for number in numbers if len(number) < VIN_LENGTH]
    return Q(**{f"{field}__in": whole}) | _any(_part(field, wanted, part) for part in parts)


def _holds(field: str, wanted: Search) -> Q:
    return _any(_part(field, wanted, number) for number in wanted.pasted or (wanted.number,))


def _part(field: str, wanted: Search, number: str) -> Q:
    """Look anywhere in a number, but for a sign or two at its end: somewhere nearly all have them."""
    return Q(**{f"{field}__{'endswith' if wanted.is_short else 'contains'}": number})


def _few(keys: QuerySet[Any, int]) -> list[int] | None:
    """Give the keys, or None where they are too many to be looked up one by one."""
    found = list(keys.order_by()[: FEW + 1])
    return None if len(found) > FEW else found


def _any(conditions: Iterable[Q]) -> Q:
    found = Q(pk__in=())
    for condition in conditions:
        found |= condition
    return found
