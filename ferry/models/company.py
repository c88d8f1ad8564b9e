"""A trading company."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class CompanyState(models.TextChoices):
    WAITING = "waiting", _("Waiting for approval")
    ACTIVE = "active", _("Approved")
    DECLINED = "declined", _("Declined")


class Company(models.Model):
    """A company works while it `is_active`, which only an approved one can be.

    What is delivered where, and to whom, is what a new trip offers, and what its driver will be paid, in
    fen, hundredths of a yuan. Letters about the company itself are written in its
    `language`.
    """

    name = models.CharField(_("company name"), max_length=200)
    uscc = models.CharField(_("unified social credit code"), max_length=18, unique=True)
    phone = models.CharField(_("phone for drivers"), max_length=40, blank=True)
    delivery_place = models.CharField(_("place of delivery"), max_length=200, blank=True)
    consignee_name = models.CharField(_("consignee"), max_length=200, blank=True)
    consignee_phone = models.CharField(_("consignee's phone"), max_length=40, blank=True)
    language = models.CharField(
        _("language of its letters"),
        max_length=8,
        choices=settings.LANGUAGES,
        default=settings.LANGUAGE_CODE,
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    state = models.CharField(
        _("state"), max_length=10, choices=CompanyState.choices, default=CompanyState.ACTIVE
    )
    declined_because = models.CharField(_("reason"), max_length=300, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    pay_car_fen = models.PositiveIntegerField(_("pay for a delivered vehicle, fen"), default=50_000)
    pay_plant_fen = models.PositiveIntegerField(_("pay for delivered plant, fen"), default=100_000)
    needs_second_factor = models.BooleanField(_("members need a second factor"), default=False)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        constraints = [
            models.CheckConstraint(
                condition=Q(uscc__regex=r"^[0-9A-HJ-NP-RTUWXY]{18}$"), name="company_uscc_has_its_form"
            ),
            models.CheckConstraint(
                condition=Q(is_active=False) | Q(state=CompanyState.ACTIVE),
                name="only_an_approved_company_is_active",
            ),
        ]

    def __str__(self) -> str:
        return self.name
