"""A new database and one that was upgraded step by step hold the same models."""

from __future__ import annotations

import pytest
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader


@pytest.mark.once
def test_both_ways_to_the_models_end_alike() -> None:
    loader = MigrationLoader(None, replace_migrations=False)
    ours = {
        node: migration
        for node, migration in loader.disk_migrations.items()
        if migration.replaces and node[0] in {"ferry", "clearance"}
    }
    assert len(ours) == 2
    at_once = loader.project_state(list(ours))
    by_steps = loader.project_state([migration.replaces[-1] for migration in ours.values()])
    assert {"ferry", "clearance"} <= {app for app, _model in by_steps.models}
    assert MigrationAutodetector(by_steps, at_once)._detect_changes() == {}
