"""An icon is one small drawing, marked up in one way, at the address that its file has."""

from __future__ import annotations

import re

import pytest
from django.conf import settings as configured
from django.contrib.staticfiles.storage import StaticFilesStorage, staticfiles_storage
from django.template import Context, Template

BASE = configured.BASE_DIR


def drawn(text: str = '{% icon "check" %}', **given: object) -> str:
    return Template(text).render(Context(given))


def test_it_is_for_the_eye_alone_and_leaves_a_gap_before_its_words():
    assert drawn('{% icon "check" %}Done') == (
        '<svg class="fm-icon" width="20" height="20" fill="none" stroke="currentColor" aria-hidden="true" '
        'focusable="false"><use href="/static/img/icons.svg#check"></use></svg> Done'
    )


@pytest.fixture
def hashed(settings, tmp_path):
    """Collect the drawing as a server does, under the hash of its content; give its address."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "ferry.statics.NamedOnce"}}
    drawing = tmp_path / "img" / "icons.svg"
    drawing.parent.mkdir()
    drawing.write_bytes((BASE / "static" / "img" / "icons.svg").read_bytes())
    plain = StaticFilesStorage(location=tmp_path)
    settings.DEBUG = False
    assert all(
        not isinstance(done, Exception)
        for _name, _hashed, done in staticfiles_storage.post_process(
            {"img/icons.svg": (plain, "img/icons.svg")}
        )
    )
    return staticfiles_storage.url("img/icons.svg")


def test_its_address_is_that_of_the_storage_in_use(hashed):
    assert re.fullmatch(r"/static/img/icons\.[0-9a-f]{12}\.svg", hashed)
    assert f'<use href="{hashed}#check">' in drawn()


def test_another_storage_is_asked_anew(settings, hashed):
    assert hashed in drawn()
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    assert "/static/img/icons.svg#check" in drawn()


def test_a_name_cannot_break_out_of_it():
    assert "<script>" not in drawn("{% icon name %}", name='"><script>')


def test_every_icon_that_a_template_names_is_in_the_drawing():
    known = set(re.findall(r'id="([^"]+)"', (BASE / "static" / "img" / "icons.svg").read_text()))
    templates = [one.read_text() for one in (BASE / "templates").rglob("*.html")]
    named = set(re.findall(r'{% icon "([^"]+)" %}', "".join(templates)))
    assert len(named) > 30
    assert named <= known
