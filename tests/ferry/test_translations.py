"""The catalogs: gathered from Python and templates, kept, and judged."""

from __future__ import annotations

import re
from pathlib import Path

import allauth
import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from django.core.management.base import CommandError

from ferry.management.commands import translations
from ferry.management.commands.translations import (
    KEYWORDS,
    PLACEHOLDER,
    as_python,
    as_tuple,
    gather,
    gather_for,
    judge,
    named_parts,
    phone_sources,
    read,
    update,
)


def catalog(*messages: tuple[str | tuple[str, str], str | tuple[str, ...]], locale: str = "ru") -> Catalog:
    made = Catalog(locale=locale, fuzzy=False)
    for text, translation in messages:
        made.add(text, translation)
    return made


def faults(text, translation):
    return list(judge(catalog((text, translation)), catalog((text, ""))))


def test_it_gathers_from_python_and_from_templates():
    texts = {message.id for message in gather()}
    assert "Left China" in texts
    assert any("templates/" in place for message in gather() for place, _ in message.locations)


#: Pages of the library that nobody is led to here: signing up, and a second sign-in without the first.
CLOSED = ("signup", "trust")
SHOWN = ("reauthenticate.html", "password_change.html", "password_reset*.html", "messages/logged_*.txt")


def test_it_gathers_the_words_of_the_sign_in_pages_from_elsewhere(tmp_path):
    templates = Path(allauth.__file__).parent / "templates"
    pages = [page for shown in SHOWN for page in (templates / "account").glob(shown)]
    pages += [page for page in (templates / "mfa").glob("**/*.html") if not page.stem.startswith(CLOSED)]
    gathered = {message.id for message in gather()}
    calls = tmp_path / "page.py"
    for page in pages:
        calls.write_bytes(as_python(page))
        texts = {text for _, text, _, _ in extract_from_file("python", str(calls), KEYWORDS)}
        assert texts <= gathered, page


def test_it_reads_every_tag_of_an_indented_template(tmp_path):
    template = tmp_path / "page.html"
    template.write_text(
        '<p>\n    {% if trip %}\n  {% translate "One" %}\n      <p title=\'{% translate "Two" as two %}\'>(\n'
        "{% blocktranslate trimmed count n=trips %}\n  {{ n }} trip\n{% plural %}\n  {{ n }} trips\n"
        "{% endblocktranslate %}\n   {% endif %}</p>"
    )
    calls = tmp_path / "page.py"
    calls.write_bytes(as_python(template))
    texts = [text for _, text, _, _ in extract_from_file("python", str(calls), KEYWORDS)]
    assert texts == ["One", "Two", ("%(n)s trip", "%(n)s trips")]


def test_it_keeps_translations_drops_obsolete_ones_and_guesses_nothing(tmp_path):
    path = tmp_path / "ru" / "LC_MESSAGES" / "django.po"
    update(path, catalog(("Vehicle", ""), ("Driver", "")))
    path.write_text(
        path.read_text().replace('msgid "Driver"\nmsgstr ""', 'msgid "Driver"\nmsgstr "Водитель"')
    )
    update(path, catalog(("Driver", ""), ("Drivers", "")))
    held = {message.id: message.string for message in read(path) if message.id}
    assert held == {"Driver": "Водитель", "Drivers": ""}


def test_gathering_twice_changes_nothing(tmp_path):
    path = tmp_path / "ru" / "LC_MESSAGES" / "django.po"
    update(path, gather())
    first = path.read_bytes()
    update(path, gather())
    assert path.read_bytes() == first
    assert b"-Date:" not in first


def test_a_finished_translation_has_no_faults():
    assert faults("%(count)s of {all}", "{all}: %(count)s") == []
    assert faults(("%(n)s trip", "%(n)s trips"), ("%(n)s рейс", "%(n)s рейса", "%(n)s рейсов")) == []


@pytest.mark.parametrize(
    ("text", "translation", "fault"),
    [
        ("Driver", "", "untranslated: 'Driver'"),
        ("At {time}", "В {время}", "placeholders differ: 'At {time}'"),
        ("%(n)s days", "дней", "placeholders differ: '%(n)s days'"),
        (("%(n)s trip", "%(n)s trips"), ("%(n)s рейс", "%(n)s рейса"), "plural forms missing: '%(n)s trip'"),
        (("%(n)s trip", "%(n)s trips"), ("%(n)s рейс", "%(n)s рейса", ""), "untranslated: '%(n)s trip'"),
    ],
)
def test_a_fault_is_named(text, translation, fault):
    assert faults(text, translation) == [fault]


def test_what_is_missing_or_obsolete_is_named():
    assert set(judge(catalog(("Old", "Старое")), catalog(("New", "")))) == {
        "missing: 'New'",
        "obsolete: 'Old'",
    }


def test_every_language_but_english_has_a_catalog():
    assert [path.parts[-3] for path in translations.catalog_paths()] == ["zh_Hans", "ru", "kk", "ug"]


def test_the_catalog_of_uyghur_holds_what_phones_say_and_nothing_else():
    catalogs = {path.parts[-3]: path for path in translations.catalog_paths()}
    said = {message.id for message in gather_for(catalogs["ug"])}
    assert "You may go" in said
    assert "Left China" in said
    assert "Code issued" not in said
    assert len(said) < len(gather_for(catalogs["kk"])) / 4
    assert list(judge(read(catalogs["ug"]), gather_for(catalogs["ug"]))) == []


def test_the_words_of_one_class_are_gathered_without_its_neighbours(tmp_path):
    module = tmp_path / "words.py"
    module.write_text('_("a")\n\nclass One:\n    said = _("b")\n\ndef other():\n    return _("c")\n')
    assert named_parts(module, ("One",)) == b'class One:\n    said = _("b")'


def test_phone_sources_that_are_gone_are_noticed(monkeypatch):
    monkeypatch.setitem(translations.PHONE_SOURCES, "templates/nowhere/*", ())
    with pytest.raises(CommandError, match="templates/nowhere"):
        list(phone_sources())


#: What a placeholder stands between in a sentence that runs from right to left.
ISOLATED = re.compile("[\u2066\u2068][^\u2066-\u2069]*\u2069")


def test_names_and_clocks_are_set_apart_in_sentences_that_run_from_right_to_left():
    [path] = [path for path in translations.catalog_paths() if path.parts[-3] == "ug"]
    for message in read(path):
        for text in as_tuple(message.string) if message.id else ():
            assert not PLACEHOLDER.findall(ISOLATED.sub("", text)), text
