"""A new database and one that was upgraded step by step hold the same models."""

from __future__ import annotations

import pytest
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader


@pytest.mark.once
def test_both_ways_to_the_models_end_alike() -> None:
    at_once = MigrationLoader(None).project_state()
    by_steps = MigrationLoader(None, replace_migrations=False).project_state()
    for state in (at_once, by_steps):
        assert {"ferry", "clearance"} <= {app for app, _model in state.models}
    assert MigrationAutodetector(by_steps, at_once)._detect_changes() == {}
