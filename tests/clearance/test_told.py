"""What an officer is told beside the reasons."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clearance.rules.told import seconds_since_use
from tests.builders import AT


def used(ago: timedelta) -> list[dict]:
    return [
        {"code": "watch_list", "params": {}},
        {"code": "already_used", "params": {"at": (AT - ago).isoformat(), "lane": "1"}},
    ]


@pytest.mark.parametrize(("ago", "seconds"), [(0, 0), (7, 7), (599, 599), (600, None), (-1, None)])
def test_it_counts_the_seconds_since_a_use_that_was_lately(ago, seconds):
    assert seconds_since_use(used(timedelta(seconds=ago)), at=AT) == seconds


@pytest.mark.parametrize(
    "reasons", [[], [{"code": "expired", "params": {}}], [{"code": "already_used", "params": {}}]]
)
def test_it_counts_nothing_where_no_use_is_known(reasons):
    assert seconds_since_use(reasons, at=AT) is None
