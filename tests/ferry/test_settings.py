"""The settings: what a deployment may say, and what is refused."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from django.core.exceptions import ImproperlyConfigured
from environs import EnvError

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"^#?([A-Z][A-Z_]+)=", re.MULTILINE)
READ = re.compile(r"""env\.\w+\(\s*"([A-Z_]+)\"""")

SOUND = {
    "DEBUG": "off",
    "SITE_URL": "https://ferryman.example",
    "SECRET_KEY": "wherever the driver goes, the code goes with him",
    "DATA_KEYS": "one of the secrets which opens the PINs and signing keys",
    "ALLOWED_HOSTS": "",
    "PORT": "8000",
    "PROXIES": "1",
    "DATABASE_URL": "",
    "DATABASE_POOL_SIZE": "8",
    "REDIS_URL": "",
    "EMAIL_URL": "",
    "DEFAULT_FROM_EMAIL": "",
    "LOG_LEVEL": "INFO",
    "THROTTLE_KEY": "6000/min",
    "THROTTLE_RECEIPT": "30/min",
    "THROTTLE_PUBLIC": "60/min",
    "RECONCILE_EVERY_S": "30",
}


@pytest.fixture
def read(monkeypatch, tmp_path) -> Callable[..., dict[str, Any]]:
    """Read the settings afresh, every variable set so that no .env decides."""

    def read(**changes: str) -> dict[str, Any]:
        for variable, value in (SOUND | {"DATA_DIR": str(tmp_path / "data")} | changes).items():
            monkeypatch.setenv(variable, value)
        return runpy.run_path(str(ROOT / "ferry/settings.py"))

    monkeypatch.setattr(structlog, "configure", lambda **_: None)
    return read


def test_the_example_names_every_variable_and_no_other():
    named = NAMED.findall((ROOT / ".env.example").read_text())
    assert sorted(named) == sorted(set(READ.findall((ROOT / "ferry/settings.py").read_text())))


def test_production_starts_on_sound_settings(read):
    settings = read()
    assert settings["SECURE_SSL_REDIRECT"]
    assert settings["SESSION_COOKIE_SECURE"]
    assert settings["ALLOWED_HOSTS"] == ["ferryman.example"]


def test_a_trial_starts_on_nothing_but_debug(read):
    settings = read(DEBUG="on", PORT="8123", **dict.fromkeys(["SITE_URL", "SECRET_KEY", "DATA_KEYS"], ""))
    assert settings["SITE_URL"] == "http://localhost:8123"


def test_every_empty_variable_counts_as_one_that_is_not_set(read):
    some = {"DEBUG": "on", "DATABASE_URL": "postgres://db.example/ferryman"}
    every = set(READ.findall((ROOT / "ferry/settings.py").read_text()))
    settings = read(**(dict.fromkeys(every - {"DATA_DIR"}, "") | some))
    assert settings["SITE_URL"] == "http://localhost:8000"
    assert settings["ALLOWED_HOSTS"] == ["localhost", "localhost", "127.0.0.1", "[::1]"]
    throttles = {"key": "6000/min", "receipt": "30/min", "public": "60/min", "letters": "20/hour"}
    assert settings["THROTTLES"] == throttles
    assert settings["SECRET_KEY_FALLBACKS"] == []
    assert settings["STAY_ROLLING"] is True
    assert not settings["OFFICERS_NEED_MFA"]


def test_an_empty_debug_is_off(read):
    assert read(DEBUG="")["DEBUG"] is False


def test_a_database_url_keeps_its_options_beside_the_pool(read):
    settings = read(DATABASE_URL="postgres://ferryman@db.example/ferryman?sslmode=require")
    options = settings["DATABASES"]["default"]["OPTIONS"]
    assert options == {"sslmode": "require", "options": "-c jit=off", "pool": {"min_size": 1, "max_size": 8}}


def test_a_relative_database_file_is_one_file_from_everywhere(read):
    assert read(DATABASE_URL="sqlite:///var/x.sqlite3")["DATABASES"]["default"]["NAME"] == str(
        ROOT / "var/x.sqlite3"
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DEBUG", "perhaps"),
        ("SITE_URL", "ferryman.example"),
        ("SITE_URL", "https://ferryman.example/portal"),
        ("SITE_URL", "https://user:secret@ferryman.example"),
        ("SITE_URL", "ftp://ferryman.example"),
        ("SITE_URL", "https://the-self-drive-export-passes-of.ferryman.example"),
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "x" * 64),
        ("SECRET_KEY", "only-for-trying-out-on-this-machine-" + "0" * 32),
        ("DATA_KEYS", ""),
        ("DATA_KEYS", "short"),
        ("DATA_KEYS", f"{SOUND['DATA_KEYS']},short"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "https://ferryman.example"),
        ("ALLOWED_HOSTS", "other.example"),
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("PROXIES", "-1"),
        ("DATABASE_URL", "mysql://localhost/ferryman"),
        ("DATABASE_URL", "sqlite://:memory:"),
        ("DATABASE_URL", "postgres://localhost"),
        ("REDIS_URL", "http://localhost:6379"),
        ("EMAIL_URL", "https://mail.example"),
        ("DEFAULT_FROM_EMAIL", "nobody"),
        ("LOG_LEVEL", "LOUD"),
        ("THROTTLE_KEY", "many"),
        ("THROTTLE_RECEIPT", "0/min"),
        ("THROTTLE_PUBLIC", "60/fortnight"),
        ("RECONCILE_EVERY_S", "0"),
        ("RECONCILE_EVERY_S", "99999999999999"),
        ("SITE_URL", "https://ferryman.example:99999"),
        ("SITE_URL", "https://ferryman..example"),
        ("SECRET_KEY_FALLBACKS", "short"),
        ("DATA_DIR", __file__),
        ("DATA_DIR", "/proc/nothing"),
        ("DATABASE_URL", "postgres://localhost:99999/ferryman"),
        ("DATABASE_POOL_SIZE", "-1"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "redis://localhost:port/0"),
        ("REDIS_URL", "redis://localhost:6379/first"),
        ("EMAIL_URL", "smtp://mail.example:port"),
        ("DEFAULT_FROM_EMAIL", "@"),
        ("OFFICERS_NEED_MFA", "perhaps"),
        ("STAY_ROLLING", "perhaps"),
        ("STAY_COUNT_BOTH_TRAVEL_DAYS", "perhaps"),
        ("ROSTER_REST_HOURS", "-1"),
        ("ROSTER_REST_HOURS", "999999999999"),
    ],
)
def test_nonsense_is_refused_by_name(read, variable, value):
    with pytest.raises((ImproperlyConfigured, EnvError), match=variable):
        read(**{variable: value})


def test_the_built_in_secret_is_refused_behind_https(read):
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        read(DEBUG="on", SECRET_KEY="", DATA_KEYS="")


def test_one_secret_may_not_serve_as_both(read):
    with pytest.raises(ImproperlyConfigured, match="DATA_KEYS must not hold SECRET_KEY"):
        read(SECRET_KEY=SOUND["DATA_KEYS"])


def test_a_refusal_never_repeats_a_secret(read):
    with pytest.raises(ImproperlyConfigured) as refusal:
        read(DATABASE_URL="mysql://ferryman:hunter2hunter2@db.example/ferryman")
    assert "hunter2" not in str(refusal.value)


def test_a_process_without_secrets_ends_with_the_reason(tmp_path):
    environment = os.environ | SOUND | {"SECRET_KEY": "", "DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "manage.py", "check"]
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert answer.returncode == 1
    (said,) = answer.stderr.splitlines()
    assert "SECRET_KEY must be at least 32 random characters" in said
