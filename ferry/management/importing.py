"""What commands that take a file have in common: good lines are taken, the others written beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation
from django.utils.translation import gettext as _

from ferry.errors import Refused
from ferry.sheets import RefusedTable, write_refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Report(Protocol):
    @property
    def refused(self) -> Iterable[RefusedTable]: ...


class FileCommand(BaseCommand):
    """Take a file by `take`, say what was done by `tell`, and write the refused lines; never a traceback."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--refused", type=Path, metavar="OUT.xlsx", help="Where the refused lines go (beside FILE)."
        )
        parser.add_argument(
            "--language",
            default=settings.LANGUAGE_CODE,
            choices=[code for code, _name in settings.LANGUAGES],
            help="The language of the reasons.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file, refused = Path(options["file"]), options["refused"]
        with translation.override(options["language"]):
            self._import(file, Path(refused or file.with_name(f"{file.stem}-refused.xlsx")), options)

    def take(self, file: Path, options: Mapping[str, Any]) -> Any:
        raise NotImplementedError

    def tell(self, report: Any) -> None:
        raise NotImplementedError

    def _import(self, file: Path, out: Path, options: Mapping[str, Any]) -> None:
        if out.resolve() == file.resolve():
            raise CommandError(_("The refused lines would overwrite the file itself. Name another file."))
        try:
            report = self.take(file, options)
        except Refused as error:
            raise CommandError(" ".join(str(reason.detail) for reason in error.reasons)) from error
        except OSError as error:
            raise _cannot(file, error) from error
        self.tell(report)
        try:
            self._write(report, out)
        except OSError as error:
            raise _cannot(out, error) from error

    def _write(self, report: Report, out: Path) -> None:
        """Write the refused lines; with none, take away those of an earlier run."""
        if not report.refused:
            out.unlink(missing_ok=True)
            return
        write_refused(out, report.refused)
        self.stdout.write(_("The refused lines, with the reasons, are in {file}").format(file=out))


def _cannot(file: Path, error: OSError) -> CommandError:
    sentence = _("The file {file} cannot be used: {why}").format(file=file, why=error.strerror or error)
    return CommandError(sentence)
