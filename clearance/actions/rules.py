"""Keep selection rules: draft, look at the effect, switch on, end. None is erased or changed in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from clearance.actions.chain import chain
from clearance.models import Act, SelectionRule
from clearance.models.chain import columns_of
from ferry.actions.keeping import refuse_unless_valid
from ferry.errors import Conflict, Invalid, Reason
from ferry.rules.findings import FINE

if TYPE_CHECKING:
    from datetime import datetime

    from ferry.models import Checkpoint, Company


def draft_rule(
    *,
    checkpoint: Checkpoint | None,
    share: float,
    reason: str,
    company: Company | None = None,
    powertrain: str = "",
    from_hour: int | None = None,
    until_hour: int | None = None,
    replaces: SelectionRule | None = None,
    at: datetime,
    by: str,
) -> SelectionRule:
    """Write down a rule that selects nothing yet; `share` is above 0 and up to 1, no checkpoint means each.

    One that `replaces` another ends it when it is switched on, and not before.
    """
    rule = SelectionRule(
        checkpoint=checkpoint,
        company=company,
        powertrain=powertrain,
        from_hour=from_hour,
        until_hour=until_hour,
        share=share,
        reason=reason.strip(),
        is_active=False,
        replaces=replaces,
        made_at=at,
        made_by=by,
    )
    reasons = _against(rule)
    if reasons:
        raise Invalid(*reasons)
    refuse_unless_valid(rule, FINE)
    rule.save()
    return rule


def switch_on_rule(*, rule: SelectionRule, foreseen: int, at: datetime, by: str) -> None:
    """Select by a draft from now on; `foreseen` is how many examinations more a week its maker was shown."""
    with transaction.atomic():
        drafts = SelectionRule.objects.filter(
            pk=rule.pk, is_active=False, started_at__isnull=True, ended_at__isnull=True, made_at__isnull=False
        )
        if not drafts.update(is_active=True, started_at=at, started_by=by, foreseen=foreseen):
            raise Conflict(Reason("rule_not_a_draft", _("This rule is no draft any more.")))
        replaced = rule.replaces
        if replaced is not None and not _end(replaced, at, by):
            detail = _("The rule that this one replaces has ended already. Draft it anew on its own.")
            raise Conflict(Reason("replaced_ended", detail))
        rule.refresh_from_db()
        if replaced is not None:
            _chain(Act.RULE_ENDED, replaced, at, by)
        _chain(Act.RULE_KEPT, rule, at, by)


def end_rule(*, rule: SelectionRule, at: datetime, by: str) -> None:
    """End a rule, or throw a draft away; once. What was selected stays selected until it is decided."""
    with transaction.atomic():
        if not _end(rule, at, by):
            raise Conflict(Reason("rule_ended", _("This rule has ended already.")))
        rule.refresh_from_db()
        _chain(Act.RULE_ENDED, rule, at, by)


def _chain(act: Act, rule: SelectionRule, at: datetime, by: str) -> None:
    about, content = f"rule {rule.pk}", columns_of(rule)
    chain(act=act, checkpoint=rule.checkpoint, about=about, content=content, at=at, by=by)


def _end(rule: SelectionRule, at: datetime, by: str) -> int:
    rows = SelectionRule.objects.filter(pk=rule.pk, ended_at__isnull=True)
    return rows.update(is_active=False, ended_at=at, ended_by=by)


def _against(rule: SelectionRule) -> list[Reason]:
    reasons = []
    if not 0 < rule.share <= 1:
        detail = _("Choose a share above 0 and up to 100 percent.")
        reasons.append(Reason("share_unusable", detail, "share"))
    if (rule.from_hour is None) != (rule.until_hour is None):
        detail = _("Choose both hours, or neither for the whole day.")
        reasons.append(Reason("hours_unusable", detail, "until_hour"))
    elif rule.from_hour is not None and rule.from_hour == rule.until_hour:
        detail = _("The two hours are the same. Choose none for the whole day.")
        reasons.append(Reason("hours_unusable", detail, "until_hour"))
    if not rule.reason:
        reasons.append(Reason("reason_missing", _("Say why."), "reason"))
    if rule.replaces and (rule.replaces.ended_at or rule.replaces.checkpoint_id != rule.checkpoint_id):
        detail = _("The rule to replace has ended, or is of another checkpoint. Draft a rule of its own.")
        reasons.append(Reason("replaced_ended", detail))
    return reasons
