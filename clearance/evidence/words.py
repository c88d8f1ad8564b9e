"""The words in which an explanation is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_stubs_ext import StrOrPromise

#: What each row is, and what it proves.
ROWS: Mapping[str, tuple[StrOrPromise, StrOrPromise]] = {
    "R1": (_("Scans at the gate"), _("the code was shown")),
    "R2": (_("Exit scan"), _("the vehicle left China, when, on which code")),
    "R3": (_("Border police, exit"), _("who left China")),
    "R4": (_("Kazakh side"), _("it entered Kazakhstan")),
    "R5": (_("Consignee"), _("it was received, by whom, in what condition")),
    "R6": (_("Customs on the declaration"), _("the declaration stood, and closed")),
    "R7": (_("Border police, return"), _("the driver is back")),
}
#: The word, the colour and the sign of a row's standing.
STANDINGS: Mapping[str, tuple[StrOrPromise, str, str]] = {
    "agrees": (_("agrees"), "good", "check"),
    "differs": (_("differs"), "bad", "warning"),
    "missing": (_("missing"), "warn", "warning"),
    "expected": (_("not yet expected"), "info", "clock"),
    "not_begun": (_("nothing awaited"), "", "info"),
}
REMARKS: Mapping[str, StrOrPromise] = {
    "release": pgettext_lazy("remark", "released"),
    "examine": pgettext_lazy("remark", "sent to examination"),
    "refuse": pgettext_lazy("remark", "refused"),
    "offline": _("judged offline"),
    "detained": _("detained by an officer"),
    "withdrawn": _("release withdrawn by a supervisor"),
    "not_accepted": _("released offline, not accepted afterwards"),
    "used_again": _("code used before"),
    "outside_window": _("outside the window of the code"),
    "not_taken": _("did not take the vehicle"),
    "damaged": _("noted damage"),
    "company_word": _("by the company's word; no record says so"),
}
LIMITS: Mapping[str, StrOrPromise] = {
    "unused": _("The code counts as unused"),
    "offline_grace": _("Exit scan uploaded after the receipt"),
    "entry_expected": _("Entry into Kazakhstan expected"),
    "entry_alert": _("Entry into Kazakhstan overdue"),
    "entry_due": _("Entry of a received vehicle on record"),
    "receipt_expected": _("Receipt expected"),
    "receipt_warn": _("Receipt: warning"),
    "receipt_case": _("Receipt: case"),
    "receipt_enquiry": _("Receipt: formal enquiry"),
    "receipt_escalate": _("Receipt: the case becomes critical"),
    "closing_warn": _("Closing of the declaration expected"),
    "closing_case": _("Closing: case"),
    "closing_escalate": _("Closing: the case becomes heavier"),
    "return_warn": _("Driver's return expected"),
    "stay_warn": _("Visa-free stay: warning"),
    "stay_breach": _("Visa-free stay over"),
}
#: The word and the colour of what came of a limit.
LIMIT_STATES: Mapping[str, tuple[StrOrPromise, str]] = {
    "met": (pgettext_lazy("limit", "came in time"), "good"),
    "late": (pgettext_lazy("limit", "came late"), "warn"),
    "ran_out": (pgettext_lazy("limit", "has run out"), "bad"),
    "running": (pgettext_lazy("limit", "runs"), "info"),
}
#: What is named in a sentence: proofs, and what came late.
NAMES: Mapping[str, StrOrPromise] = {
    "exit": _("the exit scan"),
    "entry": _("the entry into Kazakhstan"),
    "receipt": _("the consignee's receipt"),
    "entry_expected": _("the entry into Kazakhstan"),
    "receipt_expected": _("the consignee's receipt"),
    "closing_warn": _("the closing of the declaration"),
    "return_warn": _("the driver's return"),
}
WHY: Mapping[str, StrOrPromise] = {
    "open": _("Discrepant, because a case is open: {names}."),
    "written_off": _("Written off by a supervisor, so nobody waits for it any more: {names}."),
    "settled_stands": _("Resolved: settled cases stand for what is not on record: {names}."),
    "settled_proved": _("Resolved: everything is proved, and these cases are settled: {names}."),
    "late": _(
        "Matched late: all is proved and nothing is open, but this came after it was expected: {names}."
    ),
    "proved": _(
        "Matched: exit, entry and receipt are proved and agree, and all came within the expected time."
    ),
    "ended": _("The trip ended before the vehicle left, so there is nothing to prove."),
    "due": _("All proofs are on record. Reconciliation will discharge the trip when it next looks."),
    "waits": _("Within time. Not on record yet: {names}."),
}
CHANGES: Mapping[str, StrOrPromise] = {
    "settle": _("It changes when a person settles: {names}."),
    "evidence_alone": _("What still comes ({names}) is matched to the trip, but settles no case by itself."),
    "new_evidence": _("Only new evidence would change it."),
    "comes": _("It is discharged when this comes and agrees: {names}."),
    "case_at": _("If nothing comes by then, a case opens: {names}."),
}
FIELDS: Mapping[str, StrOrPromise] = {
    "occurred_at": _("Occurred"),
    "vin": _("VIN"),
    "passport_number": _("passport, last four"),
    "declaration_number": _("Declaration"),
    "status": _("Status"),
}
