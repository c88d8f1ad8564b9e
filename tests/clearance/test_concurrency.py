"""Many lanes at once, on PostgreSQL: one code lets one vehicle through."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from clearance.actions.scans import ScanResult, record_scan, record_scans
from clearance.actions.withdrawals import withdraw_release
from clearance.models import Duty, Examination, Scan, Withdrawal
from ferry.actions.passes import receipt_pin, revoke_pass
from ferry.actions.receipts import TRIES, confirm_receipt
from ferry.errors import Conflict, Refused
from ferry.models import Pass, Receipt, Trip
from tests.builders import AT, BY, a_checkpoint, an_officer
from tests.clearance.casts import LANE, MINUTE, a_scan, an_open_pass, nur_zholy, offline, story
from tests.threads import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

LANES = 32


def test_one_code_scanned_in_every_lane_at_once_is_released_once() -> None:
    pass_, place = an_open_pass(), a_checkpoint()

    def lane(number: int) -> Callable[[], Scan]:
        scan = a_scan(pass_.code, place, lane=str(number))
        return lambda: record_scan(scan=scan, at=AT, by=LANE)[0]

    scans = at_once(*[lane(number) for number in range(LANES)])
    assert Counter(scan.verdict for scan in scans) == {"release": 1, "refuse": LANES - 1}
    (winner,) = [scan for scan in scans if scan.verdict == "release"]
    for scan in scans:
        if scan != winner:
            (reason,) = scan.reasons
            assert reason["code"] == "already_used"
            assert reason["params"] == {"at": AT.isoformat(), "lane": winner.lane}
    assert Scan.objects.filter(passed_at__isnull=False).count() == 1
    assert Trip.objects.get(pk=pass_.trip_id).state == "exited"
    assert story(pass_.trip).count("exited") == 1


def test_one_scan_sent_many_times_at_once_is_kept_once() -> None:
    pass_, place = an_open_pass(), a_checkpoint()
    known, unknown = a_scan(pass_.code, place), a_scan("nonsense", place, scan_id=uuid.uuid4())
    for scan in (known, unknown):
        answers = at_once(*[lambda sent=scan: record_scan(scan=sent, at=AT, by=LANE) for _turn in range(8)])  # type: ignore[misc]
        assert sorted(is_new for _scan, is_new in answers) == [False] * 7 + [True]
        assert len({kept.pk for kept, _is_new in answers}) == 1
    assert Scan.objects.count() == 2


def test_batches_of_the_same_codes_in_any_order_do_not_block_each_other() -> None:
    passes, place = [an_open_pass() for _number in range(6)], a_checkpoint()

    def batch(order: int) -> Callable[[], list[ScanResult]]:
        ordered = passes if order % 2 else passes[::-1]
        scans = [a_scan(one.code, place, scanned_at=AT, offline=offline("refuse")) for one in ordered]
        online = [a_scan(one.code, place) for one in ordered]
        return lambda: record_scans(scans=[*scans, *online], at=AT, by=LANE)

    results = at_once(*[batch(order) for order in range(6)])
    scans = [result.scan for batch_results in results for result in batch_results]
    assert len(scans) == 72
    passed = Counter(scan.pass_used_id for scan in scans if scan and scan.passed_at)
    assert passed == {one.pk: 1 for one in passes}


def test_a_revocation_and_a_scan_at_once_have_one_winner() -> None:
    for _turn in range(6):
        pass_, place = an_open_pass(), a_checkpoint()
        scan = a_scan(pass_.code, place)

        def revoke(pass_: Any = pass_) -> bool:
            try:
                revoke_pass(trip=pass_.trip, reason="stolen", at=AT, by=BY)
            except Conflict:
                return False
            return True

        kept, is_revoked = at_once(lambda sent=scan: record_scan(scan=sent, at=AT, by=LANE)[0], revoke)  # type: ignore[misc]
        assert (kept.verdict == "release") is not is_revoked
        assert Trip.objects.get(pk=pass_.trip_id).state == ("planned" if is_revoked else "exited")


def test_wrong_pins_at_once_are_no_more_tries_than_one_after_another() -> None:
    pass_ = an_open_pass()
    wrong = f"{(int(receipt_pin(pass_.trip)) + 1) % 10**6:06}"

    def guess() -> str:
        said = {"condition": "good", "receiver": "Almaty Auto", "at": AT, "by": "consignee"}
        with pytest.raises(Refused) as refused:
            confirm_receipt(pass_=Pass.objects.select_related("trip").get(), pin=wrong, **said)
        return refused.value.reasons[0].code

    told = Counter(at_once(*[guess] * LANES))
    assert told == {"wrong_pin": TRIES, "too_many_tries": LANES - TRIES}
    assert Trip.objects.get().state == "ready"
    assert not Receipt.objects.exists()


def test_a_withdrawal_and_a_scan_at_the_entry_at_once_have_one_winner() -> None:
    for _turn in range(6):
        pass_, exit_, entry = an_open_pass(), a_checkpoint(), nur_zholy()
        left = record_scan(scan=a_scan(pass_.code, exit_), at=AT, by=LANE)[0]
        left = Scan.objects.get(pk=left.pk)
        supervisor = an_officer(duty=Duty.SUPERVISOR)
        scan = a_scan(pass_.code, entry)

        def withdraw(scan: Scan = left, supervisor: Any = supervisor) -> bool:
            said = {"reason": "wrong car", "supervisor": supervisor, "at": AT + MINUTE, "by": LANE}
            try:
                withdraw_release(scan=scan, **said)
            except Conflict:
                return False
            return True

        kept, is_withdrawn = at_once(
            lambda sent=scan: record_scan(scan=sent, at=AT + MINUTE, by=LANE)[0],  # type: ignore[misc]
            withdraw,
        )
        trip = Trip.objects.get(pk=pass_.trip_id)
        assert (kept.verdict == "release") is not is_withdrawn
        assert trip.state == ("ready" if is_withdrawn else "arrived")
        assert trip.person.stays.count() == (0 if is_withdrawn else 1)


def test_a_release_withdrawn_by_many_at_once_is_withdrawn_once() -> None:
    pass_ = an_open_pass()
    scan = record_scan(scan=a_scan(pass_.code, a_checkpoint()), at=AT, by=LANE)[0]
    scan = Scan.objects.get(pk=scan.pk)
    supervisors = [an_officer(duty=Duty.SUPERVISOR) for _each in range(4)]

    def withdraw(supervisor: Any) -> str:
        try:
            withdraw_release(scan=scan, reason="wrong car", supervisor=supervisor, at=AT, by=LANE)
        except Conflict as refusal:
            return refusal.reasons[0].code
        return "withdrawn"

    told = Counter(at_once(*[lambda who=each: withdraw(who) for each in supervisors]))  # type: ignore[misc]
    assert told == {"withdrawn": 1, "already_withdrawn": 3}
    assert Withdrawal.objects.count() == Examination.objects.count() == 1
    assert story(pass_.trip).count("withdrawn") == 1
