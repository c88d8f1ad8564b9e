"""Take files of records that are put into folders."""

from __future__ import annotations

import traceback
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from clearance.management.inbox import Busy, Inbox, Stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

log = structlog.get_logger(__name__)

USUAL_EVERY_S = 5.0


class Command(BaseCommand):
    help = (
        "Take files of records from the folders of DIR, one for each source. A file is taken once it is the "
        "same at two looks, and moved to done/ or failed/ within its folder."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument(
            "--once", action="store_true", help="Look twice, take what stands, and end (cron)."
        )
        parser.add_argument(
            "--every", type=float, default=USUAL_EVERY_S, metavar="SECONDS", help="Between two looks."
        )
        parser.add_argument(
            "--source",
            action="append",
            default=[],
            metavar="FOLDER=NAME",
            help="The source of a folder; usually it is called as the folder is.",
        )
        parser.add_argument(
            "--language",
            default=settings.LANGUAGE_CODE,
            choices=[code for code, _name in settings.LANGUAGES],
            help="The language of the reasons.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        inbox = Inbox(options["folder"], options["language"], _sources(options["source"]))
        try:
            with translation.override(inbox.language), inbox.held():
                self._watch(inbox, options["every"], is_once=options["once"])
        except Busy as error:
            raise CommandError(_("Another watcher is at work in this folder.")) from error
        except OSError as error:
            why = error.strerror or error
            raise CommandError(
                _("The folder {folder} cannot be watched: {why}").format(folder=inbox.path, why=why)
            ) from error

    def _watch(self, inbox: Inbox, every: float, *, is_once: bool) -> None:
        before: Mapping[Path, Stamp] = inbox.look()
        astray, told = inbox.astray(), set[Path]()
        while True:
            sleep(every)
            astray, staying = inbox.astray(), astray
            told = self._tell_astray(inbox, astray & staying, told)
            now = inbox.look()
            self._take(inbox, [pair for pair in now.items() if before.get(pair[0]) == pair[1]])
            if is_once:
                return
            before = now
            close_old_connections()

    def _tell_astray(self, inbox: Inbox, staying: set[Path], told: set[Path]) -> set[Path]:
        """Say once of each file beside the folders what to do with it; give those of which it is said."""
        for file in sorted(staying - told):
            self.stdout.write(f"{file.name}: {inbox.way_for_astray()}")
        return staying

    def _take(self, inbox: Inbox, steady: Iterable[tuple[Path, Stamp]]) -> None:
        """Take each; one that cannot be reached or moved stays, and keeps no other waiting."""
        for file, stamp in steady:
            name = file.relative_to(inbox.path)
            try:
                said = inbox.take(file, stamp, timezone.now)
            except OSError as error:
                said = _("It stays where it is: {why}").format(why=error.strerror or type(error).__name__)
            except Exception as error:
                # Without the error's own words: they may quote somebody's passport.
                where = "".join(traceback.format_tb(error.__traceback__))
                log.error("file stopped", file=str(name), error=type(error).__name__, where=where)
                continue
            if said is not None:
                self.stdout.write(f"{name}: {said}")


def _sources(said: Iterable[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in said]
    if not all(folder and name for folder, _sign, name in pairs):
        raise CommandError(_("Write --source FOLDER=NAME."))
    return {folder: name for folder, _sign, name in pairs}
