"""Make a declaration's package of proofs, and say when its refund was filed."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from ferry.errors import Conflict, Invalid, Reason
from ferry.models import Declaration, PackageState, RefundFiling, RefundPackage, RefundPiece
from ferry.models.refund import FOLDER
from ferry.queries.issue import china_date
from ferry.queries.receiving import receipts_of
from ferry.queries.refund import proofs_of
from ferry.receipt_paper import draw_receipt
from ferry.refund_papers import Writer, write_piece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date, datetime

    from django.db.models import QuerySet

    from ferry.queries.refund import Proof

#: A worker that says nothing for so long is taken for dead.
HOLD = timedelta(minutes=5)
#: So often it may be begun again without getting any further.
TRIES = 3
#: Longer than any worker keeps a file to itself.
LOST_AFTER = timedelta(days=1)


def ask_for_package(
    *, declaration: Declaration, language: str, at: datetime, by: str
) -> tuple[RefundPackage, bool]:
    """Have a package made of a refund-ready declaration; the one that is being made already, and False."""
    if declaration.refund_ready_at is None:
        detail = _("It is not ready for the refund: see what blocks it, and come back when that is done.")
        raise Conflict(Reason("not_refund_ready", detail))
    rows = RefundPackage.objects.filter(declaration=declaration, state=PackageState.WAITING)
    total = declaration.declared_vehicles.count()
    try:
        with transaction.atomic():
            package = RefundPackage.objects.create(
                company_id=declaration.company_id,
                declaration=declaration,
                total=total,
                language=language,
                created_at=at,
                created_by=by,
            )
    except IntegrityError:
        return rows.get(), False
    return package, True


def claim_package(*, at: datetime) -> RefundPackage | None:
    """Hold the next package for one worker; after some tries it has failed. None when nothing waits."""
    free = Q(held_until__isnull=True) | Q(held_until__lt=at)
    waiting = RefundPackage.objects.filter(free, state=PackageState.WAITING)
    waiting.filter(tries__gte=TRIES).update(state=PackageState.FAILED, finished_at=at)
    _remove(RefundPiece.objects.exclude(package__state=PackageState.WAITING))
    for pk in waiting.order_by("tries", "pk").values_list("pk", flat=True):
        if waiting.filter(pk=pk).update(held_until=at + HOLD, tries=F("tries") + 1):
            return RefundPackage.objects.select_related("declaration__company").get(pk=pk)
    return None


def make_package(
    *, package: RefundPackage, now: Callable[[], datetime], is_time_up: Callable[[], bool] = lambda: False
) -> bool:
    """Go on with a package where the last worker stopped, and write it to storage once all of it is made.

    False where time is up before that, for the next to go on, or where another worker took it over.
    """
    last = package.pieces.order_by("last_vin").last()
    with translation.override(package.language):
        for proofs in proofs_of(package.declaration, after=last.last_vin if last else ""):
            if not _keep_piece(package, proofs, now):
                return False
            if is_time_up():
                _say(package, held_until=None)
                return False
        return _put_together(package, now)


def _keep_piece(package: RefundPackage, proofs: Sequence[Proof], now: Callable[[], datetime]) -> bool:
    """Draw some receipts and keep them as a piece; False where another worker holds the package now."""
    piece = RefundPiece(package=package, last_vin=proofs[-1].line.vin)
    with TemporaryFile() as target:
        write_piece(target, _with_receipts(proofs))
        piece.file.save("piece.zip", File(target), save=False)
    with transaction.atomic():
        is_ours = _say(package, done=F("done") + len(proofs), tries=0, held_until=now() + HOLD)
        if is_ours:
            piece.save(force_insert=True)
    if not is_ours:
        piece.file.delete(save=False)
    return is_ours


def _with_receipts(proofs: Sequence[Proof]) -> Iterator[tuple[Proof, bytes | None]]:
    receipts = receipts_of([proof.trip.pk for proof in proofs if proof.trip])
    for proof in proofs:
        said = receipts.get(proof.trip.pk) if proof.trip else None
        yield proof, draw_receipt(pass_=said[0], answer=said[1], check=said[2]) if said else None


def _put_together(package: RefundPackage, now: Callable[[], datetime]) -> bool:
    """Write the file of all pieces; where VINs were declared since, begin anew instead."""
    pieces = RefundPiece.objects.filter(package=package)
    declared = package.declaration.declared_vehicles.count()
    if not RefundPackage.objects.filter(pk=package.pk, done=declared).exists():
        _remove(pieces)
        _say(package, done=0, total=declared, held_until=None)
        return False
    with TemporaryFile() as target, Writer(target, package.declaration) as writer:
        for piece in pieces.order_by("last_vin").iterator():
            with piece.file.open("rb") as file:
                writer.add(file)
            if not _say(package, held_until=now() + HOLD):
                return False
        writer.finish()
        size, digest = target.tell(), _digest(target)
        package.file.save("package.zip", File(target), save=False)
    is_ours = _say(
        package,
        state=PackageState.DONE,
        file=package.file.name,
        size=size,
        sha256=digest,
        finished_at=now(),
        held_until=None,
    )
    if is_ours:
        _remove(pieces)
    else:
        package.file.delete(save=False)
    return is_ours


def _say(package: RefundPackage, *, held_until: datetime | None, **said: Any) -> bool:
    """Write how far it is while this worker still holds it, and hold it on; False where another one does."""
    ours = RefundPackage.objects.filter(
        pk=package.pk, state=PackageState.WAITING, held_until=package.held_until
    )
    package.held_until = held_until
    return bool(ours.update(held_until=held_until, **said))


def _remove(pieces: QuerySet[RefundPiece]) -> None:
    for piece in pieces.iterator():
        piece.file.delete(save=False)
        piece.delete()


def remove_lost_files(*, at: datetime) -> int:
    """Remove files of workers that died before they wrote whose they are; give how many.

    Younger ones are left alone: their worker may be about to.
    """
    storage = RefundPiece._meta.get_field("file").storage
    try:
        _folders, there = storage.listdir(FOLDER)
    except FileNotFoundError:
        return 0
    lost = {f"{FOLDER}/{name}" for name in there}
    for model in (RefundPackage, RefundPiece):
        lost.difference_update(model.objects.exclude(file="").values_list("file", flat=True).iterator())
    old = [name for name in lost if storage.get_modified_time(name) < at - LOST_AFTER]
    for name in old:
        storage.delete(name)
    return len(old)


def _digest(target: IO[bytes]) -> str:
    target.seek(0)
    return hashlib.file_digest(target, "sha256").hexdigest()  # type: ignore[arg-type]


def mark_filed(
    *, declaration: Declaration, filed_on: date, reference: str = "", at: datetime, by: str
) -> RefundFiling:
    """Say on which day the refund of a ready declaration was filed, once."""
    if filed_on > china_date(at):
        detail = _("The day of filing is in the future. Write the day on which it was filed.")
        raise Invalid(Reason("filed_in_the_future", detail, "filed_on"))
    if declaration.refund_ready_at is None:
        detail = _("It is not ready for the refund: see what blocks it, and come back when that is done.")
        raise Conflict(Reason("not_refund_ready", detail))
    try:
        with transaction.atomic():
            filing = RefundFiling.objects.create(
                declaration=declaration,
                filed_on=filed_on,
                reference=reference.strip(),
                recorded_at=at,
                by=by,
            )
            Declaration.objects.filter(pk=declaration.pk).update(is_filed=True)
            return filing
    except IntegrityError as error:
        detail = _("It is marked as filed already. Its page says when.")
        raise Conflict(Reason("already_filed", detail)) from error
