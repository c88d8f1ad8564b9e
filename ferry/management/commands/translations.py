"""`manage.py translations`: gather what is to be translated, judge the catalogs, compile them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
#: Headers that would change with every run, and say nothing the history does not.
PASSING = re.compile(
    rb'^"(POT-Creation|PO-Revision|Last-Translator|Language-Team|Generated-By|Report-Msgid|Project-Id).*\n',
    re.M,
)
#: Where the phone's words are: all that a language needs which only phones speak. Of a file that tells others
#: more, classes and functions are named. A phone page that shows words from elsewhere adds them here.
PHONE_SOURCES: dict[str, tuple[str, ...]] = {
    "templates/phone/**/*": (),
    "templates/messages/*": (),
    "templates/base/language.html": (),
    "templates/base/error.html": (),
    "templates/40*.html": (),
    "templates/500.html": (),
    "ferry/phone/**/*.py": (),
    "ferry/templatetags/clocks.py": (),
    "ferry/actions/condition_checks.py": (),
    "ferry/actions/receipts.py": (),
    "ferry/actions/tellings.py": (),
    "ferry/receipt_paper.py": (),
    "ferry/pay_paper.py": (),
    "ferry/models/pay.py": ("StatementState", "EntryKind"),
    "ferry/rules/outline.py": (),
    "ferry/uploaded.py": (),
    "ferry/models/condition_check.py": ("Stage", "Side", "DamageKind", "RefusalReason"),
    "ferry/models/receipt.py": ("Condition",),
    "ferry/models/trip.py": ("TripState",),
}


class Command(BaseCommand):
    help = "Bring the translation catalogs in line with the source; keep every translation still in use."
    requires_system_checks = []  # Setup compiles before anything else stands.

    def add_arguments(self, parser: CommandParser) -> None:
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--check", action="store_true", help="Change nothing; fail and list what is wrong.")
        mode.add_argument("--compile", action="store_true", help="Write the .mo files that Django reads.")

    def handle(self, *args: Any, check: bool, compile: bool, **options: Any) -> None:
        if compile:
            for path in catalog_paths():
                with path.with_suffix(".mo").open("wb") as out:
                    write_mo(out, read(path))
            return
        if not check:
            for path in catalog_paths():
                update(path, gather_for(path))
            return
        faults = [
            f"{path.parts[-3]}: {fault}"
            for path in catalog_paths()
            for fault in sorted(judge(read(path), gather_for(path)))
        ]
        if faults:
            raise CommandError("\n".join([*faults, f"{len(faults)} faults in the translations."]))


def catalog_paths() -> list[Path]:
    """Give the catalog of each language but the one the source is written in."""
    locales = [to_locale(code) for code, _ in settings.PHONE_LANGUAGES if code != settings.LANGUAGE_CODE]
    return [settings.BASE_DIR / "locale" / locale / "LC_MESSAGES" / "django.po" for locale in locales]


def gather_for(path: Path) -> Catalog:
    """Collect what the catalog at a path is to hold: everything, or what phones say."""
    everywhere = {to_locale(code) for code, _ in settings.LANGUAGES}
    return gather() if path.parts[-3] in everywhere else gather(phone_sources())


def read(path: Path) -> Catalog:
    """Read a catalog; one that does not exist yet is empty."""
    locale = path.parts[-3]
    if not path.exists():
        return Catalog(locale=locale, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def gather(sources: Iterable[tuple[Path, bytes]] | None = None) -> Catalog:
    """Collect every text to translate from Python and from templates, or from these sources alone."""
    gathered = Catalog()
    for path, source in sorted(sources if sources is not None else all_sources()):
        name = path.relative_to(settings.BASE_DIR).as_posix()
        for _line, texts, comments, context in extract(
            "python", BytesIO(source), KEYWORDS, ["Translators:"], strip_comment_tags=True
        ):
            gathered.add(texts, locations=[(name, 0)], auto_comments=comments, context=context)
    return gathered


def all_sources() -> Iterator[tuple[Path, bytes]]:
    for app in ("ferry", "clearance"):
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            if "migrations" not in path.parts:
                yield path, as_python(path)
    for path in (settings.BASE_DIR / "templates").rglob("*"):
        if path.is_file():
            yield path, as_python(path)


def phone_sources() -> Iterator[tuple[Path, bytes]]:
    for pattern, names in PHONE_SOURCES.items():
        found = [path for path in settings.BASE_DIR.glob(pattern) if path.is_file()]
        if not found:
            raise CommandError(f"Nothing is at {pattern} any more: look at PHONE_SOURCES.")
        for path in found:
            yield path, named_parts(path, names) if names else as_python(path)


def named_parts(path: Path, names: tuple[str, ...]) -> bytes:
    """Read these classes and functions of a Python file alone."""
    source = path.read_text()
    parts = {
        node.name: ast.get_source_segment(source, node) or ""
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    return "\n".join(parts[name] for name in names).encode()


def as_python(path: Path) -> bytes:
    """Read a source file; of a template, only the calls that its translation tags stand for."""
    if path.suffix == ".py":
        return path.read_bytes()
    calls: str = templatize(path.read_text(), origin=str(path))
    # A template's indentation means nothing to Python, but would stop its tokenizer.
    return "\n".join(line.lstrip() for line in calls.splitlines()).encode()


def update(path: Path, source: Catalog) -> None:
    catalog = read(path)
    catalog.update(source, no_fuzzy_matching=True, update_creation_date=False)
    catalog.header_comment = ""
    catalog.fuzzy = False
    out = BytesIO()
    write_po(out, catalog, width=110, sort_output=True, ignore_obsolete=True, include_lineno=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PASSING.sub(b"", out.getvalue()).lstrip())


def judge(catalog: Catalog, source: Catalog) -> Iterator[str]:
    """Name what is missing, obsolete, unfinished or has other placeholders than the source."""
    wanted, held = by_key(source), by_key(catalog)
    yield from (f"missing: {key[0]!r}" for key in wanted.keys() - held.keys())
    yield from (f"obsolete: {key[0]!r}" for key in held.keys() - wanted.keys())
    for key in wanted.keys() & held.keys():
        yield from (f"{fault}: {key[0]!r}" for fault in judge_message(held[key], catalog.num_plurals))


def by_key(catalog: Catalog) -> dict[tuple[str, str | None], Message]:
    return {(as_tuple(message.id)[0], message.context): message for message in catalog if message.id}


def judge_message(message: Message, num_plurals: int) -> Iterator[str]:
    texts, translations = as_tuple(message.id), as_tuple(message.string)
    if message.fuzzy:
        yield "fuzzy"
    if len(translations) != (num_plurals if len(texts) > 1 else 1):
        yield "plural forms missing"
    elif not all(translations):
        yield "untranslated"
    elif any(placeholders(text) != placeholders(texts[-1]) for text in translations):
        yield "placeholders differ"


def as_tuple(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text.replace("%%", "")))
