"""Whose word counts for what: an authority speaks of what it keeps itself."""

from __future__ import annotations

from clearance.models import RecordKind
from ferry.models import Country

#: Chinese customs and border police keep declarations, exits and returns, and are told of entries by the
#: other side; the Kazakh side is believed about its own entries alone.
KEPT_IN = {
    Country.CHINA.value: frozenset(RecordKind.values),
    Country.KAZAKHSTAN.value: frozenset({RecordKind.KZ_ENTRY.value}),
}


def kinds_from(country: str) -> frozenset[str]:
    """Give the kinds that a source kept in this country is believed about; without one it may be any."""
    return KEPT_IN.get(country, frozenset(RecordKind.values))


#: What an entry is that does not say into which country: into that of whoever keeps it.
ENTRY_INTO = {
    Country.CHINA.value: RecordKind.RETURN.value,
    Country.KAZAKHSTAN.value: RecordKind.KZ_ENTRY.value,
}
