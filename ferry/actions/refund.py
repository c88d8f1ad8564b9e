"""Make a declaration's package of proofs, and say when its refund was filed."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from ferry.errors import Conflict, Invalid, Reason
from ferry.models import Declaration, PackageState, RefundFiling, RefundPackage
from ferry.queries.issue import china_date
from ferry.queries.receiving import check_of, delivery_of
from ferry.queries.refund import proofs_of
from ferry.receipt_paper import draw_receipt
from ferry.refund_papers import Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from django.db.models import QuerySet

    from ferry.models import Trip

#: A worker that says nothing for so long is taken for dead.
HOLD = timedelta(minutes=5)
TRIES = 3
SAID_EVERY = 20


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
    for pk in waiting.order_by("tries", "pk").values_list("pk", flat=True):
        if waiting.filter(pk=pk).update(held_until=at + HOLD, tries=F("tries") + 1, done=0):
            return RefundPackage.objects.select_related("declaration__company").get(pk=pk)
    return None


def make_package(*, package: RefundPackage, now: Callable[[], datetime]) -> bool:
    """Write the package to storage, file after file; False where another worker was faster."""
    with TemporaryFile() as target, translation.override(package.language):
        writer = Writer(target, package.declaration)
        for done, proof in enumerate(proofs_of(package.declaration), 1):
            writer.add(proof, _receipt(proof.trip) if proof.trip else None)
            if done % SAID_EVERY == 0:
                _rows(package).update(done=done, held_until=now() + HOLD)
        writer.finish()
        size, digest = target.tell(), _digest(target)
        package.file.save("package.zip", File(target), save=False)
    finished = _rows(package).update(
        state=PackageState.DONE,
        done=package.total,
        file=package.file.name,
        size=size,
        sha256=digest,
        finished_at=now(),
        held_until=None,
    )
    if not finished:
        package.file.delete(save=False)
    return bool(finished)


def _rows(package: RefundPackage) -> QuerySet[RefundPackage]:
    """Find it while this worker still holds it: another one's claim counts a try more."""
    return RefundPackage.objects.filter(pk=package.pk, state=PackageState.WAITING, tries=package.tries)


def _receipt(trip: Trip) -> bytes | None:
    delivery = delivery_of(trip)
    if delivery is None or delivery.receipt is None:
        return None
    return draw_receipt(pass_=delivery.pass_, answer=delivery.receipt, check=check_of(delivery.receipt))


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
        detail = _("It is marked as filed already. Reload the page to see when.")
        raise Conflict(Reason("already_filed", detail)) from error
