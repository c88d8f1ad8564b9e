"""A tiny world, played through the real actions: every kind is found, and nothing else."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clearance.rules.assess import NOT_ASSESSED
from ferry.models import CaseKind, Company
from tests.builders import a_company

pytestmark = pytest.mark.django_db

WORLD = {"days": 5, "drivers": 28, "seed": 14, "faults": "75%"}


def simulate(truth: Path, **more: object) -> str:
    said = StringIO()
    call_command(
        "simulate",
        *(f"--{name}={value}" for name, value in {**WORLD, **more}.items()),
        f"--truth={truth}",
        "--from=2026-03-02",
        "--force",
        stdout=said,
    )
    return said.getvalue()


def score(truth: Path) -> str:
    said = StringIO()
    call_command("score", str(truth), stdout=said)
    return said.getvalue()


def test_reconciliation_finds_all_of_it_and_nothing_else(tmp_path: Path):
    truth = tmp_path / "truth.jsonl"
    assert "with faults" in simulate(truth)
    table = [line.split() for line in score(truth).splitlines()[1:]]
    kinds = [kind for kind in CaseKind.values if kind not in NOT_ASSESSED]
    assert [row[0] for row in table if row[3:] == ["1.000", "1.000"] and int(row[1])] == kinds

    truth.write_text(truth.read_text().replace('["damage"]', "[]", 1))
    with pytest.raises(CommandError, match="1 missed"):
        score(truth)


def test_it_goes_nowhere_near_a_database_that_is_in_use(tmp_path: Path):
    a_company()
    with pytest.raises(CommandError, match="companies here already"):
        simulate(tmp_path / "truth.jsonl")
    assert Company.objects.count() == 1


def test_it_asks_before_it_does_so_where_debug_is_off(tmp_path: Path, settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="--force"):
        call_command("simulate", f"--truth={tmp_path / 'truth.jsonl'}")


def test_a_file_that_is_none_is_told_in_one_sentence(tmp_path: Path):
    (tmp_path / "truth.jsonl").write_text("no\n")
    with pytest.raises(CommandError, match="Line 1"):
        score(tmp_path / "truth.jsonl")
