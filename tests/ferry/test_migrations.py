"""A new database and one that was upgraded step by step hold the same models."""

from __future__ import annotations

import pytest
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader


@pytest.mark.once
def test_both_ways_to_the_models_end_alike() -> None:
    at_once = MigrationLoader(None).project_state()
    steps = MigrationLoader(None, replace_migrations=False)
    last = [node for node in steps.graph.leaf_nodes() if not steps.disk_migrations[node].replaces]
    by_steps = steps.project_state(last)
    for state in (at_once, by_steps):
        assert {"ferry", "clearance"} <= {app for app, _model in state.models}
    assert MigrationAutodetector(by_steps, at_once)._detect_changes() == {}
