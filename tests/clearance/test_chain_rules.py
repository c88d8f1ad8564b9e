"""The chain's rules, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearance.rules.chain import (
    BEGINNING,
    Entry,
    Head,
    Linked,
    Wrong,
    canonical,
    digest_of,
    faults_of_end,
    faults_of_run,
    forge,
    head_after,
)

pytestmark = pytest.mark.once

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
CONTENTS = st.dictionaries(TEXTS, TEXTS | st.integers() | st.booleans() | st.none(), max_size=3)
ENTRIES = st.builds(
    Entry,
    kind=TEXTS,
    about=TEXTS,
    at=st.datetimes(min_value=datetime(2020, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    by=TEXTS,
    digest=TEXTS,
    content=CONTENTS,
)


def wrongs(links: list[Linked], head: Head) -> set[Wrong]:
    last = head_after(links[-1]) if links else Head()
    faults = [*faults_of_run("X", Head(), links), *faults_of_end("X", last, head)]
    return {fault.wrong for fault in faults}


@given(st.lists(ENTRIES, min_size=1, max_size=6))
def test_what_was_forged_is_whole_in_one_run_and_in_two(entries: list[Entry]) -> None:
    links = forge(Head(), entries)
    assert wrongs(links, head_after(links[-1])) == set()
    first = forge(Head(), entries[:1])
    assert [*first, *forge(head_after(first[0]), entries[1:])] == links


@given(st.lists(ENTRIES, min_size=2, max_size=6), st.data())
def test_any_part_of_any_link_changed_is_found(entries: list[Entry], data: st.DataObject) -> None:
    links = forge(Head(), entries)
    head = head_after(links[-1])
    at = data.draw(st.integers(0, len(links) - 1))
    link = links[at]
    changed = data.draw(
        st.sampled_from(
            [
                replace(link, number=link.number + 1000),
                replace(link, previous="f" * 64),
                replace(link, hash="f" * 64),
                *(
                    replace(link, entry=replace(link.entry, **{name: f"{getattr(link.entry, name)}x"}))
                    for name in ("kind", "about", "by", "digest")
                ),
                replace(link, entry=replace(link.entry, at=link.entry.at + timedelta(microseconds=1))),
                replace(link, entry=replace(link.entry, content={**link.entry.content, "more": 1})),
            ]
        )
    )
    assert wrongs([*links[:at], changed, *links[at + 1 :]], head)


@given(st.lists(ENTRIES, min_size=2, max_size=6), st.data())
def test_any_link_taken_out_put_in_or_exchanged_is_found(entries: list[Entry], data: st.DataObject) -> None:
    links = forge(Head(), entries)
    head = head_after(links[-1])
    at = data.draw(st.integers(0, len(links) - 1))
    assert wrongs([*links[:at], *links[at + 1 :]], head)
    (forged,) = forge(head_after(links[at]), [entries[0]])
    assert wrongs([*links[: at + 1], forged, *links[at + 1 :]], head)
    assert (
        wrongs([*links[:at], *reversed(links[at : at + 2]), *links[at + 2 :]], head) or at == len(links) - 1
    )


def test_a_cut_tail_and_another_head_are_told_apart() -> None:
    links = forge(Head(), [Entry("scanned", str(number), AT, "gate") for number in range(3)])
    assert wrongs(links[:2], head_after(links[2])) == {Wrong.TAIL_CUT}
    assert wrongs(links, Head(3, "f" * 64, links[2].previous)) == {Wrong.HEAD_DIFFERS}
    assert wrongs([], Head(1, "f" * 64)) == {Wrong.TAIL_CUT}
    assert wrongs([], Head()) == set()
    assert links[0].previous == BEGINNING


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"b": 1, "a": "口"}, '{"a":"口","b":1}'),
        (AT.astimezone(timezone(timedelta(hours=8))), '"2026-11-22T04:00:00.000000+00:00"'),
        (date(2026, 11, 22), '"2026-11-22"'),
        (timedelta(minutes=5), "300000000"),
        (UUID(int=7), '"00000000-0000-0000-0000-000000000007"'),
        ([1, (2, None)], "[1,[2,null]]"),
    ],
)
def test_a_value_is_written_in_one_way(value: object, written: str) -> None:
    assert canonical(value) == written


def test_a_column_added_later_and_empty_changes_no_digest() -> None:
    assert digest_of({"lane": "1"}) == digest_of({"lane": "1", "plate": "", "seen_at": None})
    assert digest_of({"lane": "1"}) != digest_of({"lane": "1", "seen": False})


def test_a_fault_says_what_and_where() -> None:
    links = forge(Head(), [Entry("scanned", "a", AT, "gate"), Entry("scanned", "b", AT, "gate")])
    (fault,) = faults_of_run("CN-HORGOS", Head(), [replace(links[0], hash=links[0].hash), links[1]][1:])
    assert str(fault) == "link_missing · CN-HORGOS no. 1"
