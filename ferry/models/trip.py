"""A trip, its passes and the events that tell its story."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ferry.models.driver import Language


class TripState(models.TextChoices):
    PLANNED = "planned", _("Planned")
    READY = "ready", _("Ready")
    EXITED = "exited", _("Left China")
    ARRIVED = "arrived", _("In Kazakhstan")
    DELIVERED = "delivered", _("Delivered")
    DISCHARGED = "discharged", _("Discharged")
    CANCELLED = "cancelled", _("Cancelled")
    LAPSED = "lapsed", _("Lapsed")
    RETURNED = "returned", _("Came back")


#: States in which a person is on a trip and may not be given another.
ON_THE_WAY = (TripState.READY, TripState.EXITED, TripState.ARRIVED)


class Outcome(models.TextChoices):
    """What reconciliation says of a trip."""

    WAITING = "waiting", _("Within time")
    MATCHED = "matched", _("Matched")
    MATCHED_LATE = "matched_late", _("Matched late")
    DISCREPANT = "discrepant", _("Discrepant")
    RESOLVED = "resolved", _("Resolved")
    WRITTEN_OFF = "written_off", _("Written off")


class Trip(models.Model):
    """One vehicle, one driver, one declaration, one crossing.

    `person` repeats the driver's so that the database itself can keep one open trip per person.
    `next_check_at` is the reconciliation's queue: due when it has passed, never when it is empty.
    `assessed_version` says by which version of its rules; trips from before versions were kept have none.
    `pay_fen` is what its driver was promised when it was planned; trips older than that have none.
    """

    reference = models.CharField(_("reference"), max_length=12, unique=True)
    # Where db_index is off, an index below begins with the column.
    company = models.ForeignKey(
        "ferry.Company", models.PROTECT, verbose_name=_("company"), related_name="trips", db_index=False
    )
    vehicle = models.ForeignKey(
        "ferry.Vehicle", models.PROTECT, related_name="trips", verbose_name=_("vehicle")
    )
    driver = models.ForeignKey("ferry.Driver", models.PROTECT, related_name="trips", verbose_name=_("driver"))
    person = models.ForeignKey("ferry.Person", models.PROTECT, verbose_name=_("person"), related_name="trips")
    declaration = models.ForeignKey(
        "ferry.Declaration", models.PROTECT, related_name="trips", verbose_name=_("declaration")
    )
    route = models.ForeignKey(
        "ferry.Route", models.PROTECT, related_name="trips", verbose_name=_("route"), db_index=False
    )
    delivery_place = models.CharField(_("place of delivery"), max_length=200)
    consignee_name = models.CharField(_("consignee"), max_length=200)
    consignee_phone = models.CharField(_("consignee's phone"), max_length=40, blank=True)
    consignee_language = models.CharField(
        _("consignee's language"), max_length=8, choices=Language.choices, default=Language.RUSSIAN
    )
    opens_at = models.DateTimeField(_("exit from"))
    closes_at = models.DateTimeField(_("exit until"))
    planned_return_on = models.DateField(_("planned return"))

    state = models.CharField(_("state"), max_length=10, choices=TripState.choices, default=TripState.PLANNED)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices, default=Outcome.WAITING)
    next_check_at = models.DateTimeField(_("next assessment"), null=True, blank=True)
    assessed_at = models.DateTimeField(_("assessed"), null=True, blank=True)
    assessed_version = models.PositiveSmallIntegerField(_("judged by version"), null=True, blank=True)

    created_at = models.DateTimeField(_("planned"))
    exited_at = models.DateTimeField(_("left China"), null=True, blank=True)
    arrived_at = models.DateTimeField(_("entered Kazakhstan"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    discharged_at = models.DateTimeField(_("discharged"), null=True, blank=True)
    driver_returned_at = models.DateTimeField(_("driver back in China"), null=True, blank=True)

    pay_fen = models.PositiveIntegerField(_("driver's pay, fen"), null=True, blank=True)

    pin_sealed = models.BinaryField(default=bytes)
    pin_failures = models.PositiveSmallIntegerField(_("wrong PINs"), default=0)
    pin_locked_until = models.DateTimeField(_("PIN locked until"), null=True, blank=True)

    class Meta:
        verbose_name = _("trip")
        verbose_name_plural = _("trips")
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=models.Q(state__in=ON_THE_WAY, driver_returned_at__isnull=True)
                & ~models.Q(outcome=Outcome.WRITTEN_OFF),
                name="one_open_trip_per_person",
            ),
            models.CheckConstraint(
                condition=models.Q(closes_at__gt=models.F("opens_at")), name="trip_closes_after_it_opens"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=TripState.values), name="trip_state_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(outcome__in=Outcome.values), name="trip_outcome_is_known"
            ),
        ]
        indexes = [
            # By id too: a version that is switched on makes a million due at one moment.
            models.Index(
                fields=["next_check_at", "id"],
                condition=models.Q(next_check_at__isnull=False),
                name="trip_due",
            ),
            models.Index(fields=["company", "-id"], name="trip_of_company"),
            models.Index(fields=["company", "state", "id"], name="trip_by_state"),
            models.Index(fields=["company", "opens_at", "id"], name="trip_of_company_by_start"),
            models.Index(fields=["company", "state", "opens_at", "id"], name="trip_by_state_and_start"),
            models.Index(fields=["company", "outcome", "id"], name="trip_by_outcome"),
            models.Index(fields=["route", "company", "id"], name="trip_by_route"),
            models.Index(fields=["person", "-opens_at"], name="trip_of_person"),
            models.Index(fields=["state", "closes_at"], name="trip_by_window"),
            models.Index(
                fields=["company", "state", "closes_at", "opens_at"],
                condition=models.Q(state__in=[TripState.PLANNED, *ON_THE_WAY]),
                name="trip_underway",
            ),
            models.Index(
                fields=["vehicle", "company"],
                condition=models.Q(
                    state__in=[TripState.PLANNED, *ON_THE_WAY, TripState.DELIVERED, TripState.DISCHARGED]
                ),
                name="trip_takes_vehicle",
            ),
            models.Index(
                fields=["company", "exited_at"],
                condition=models.Q(exited_at__isnull=False),
                name="trip_by_exit",
            ),
            models.Index(
                fields=["company", "delivered_at", "exited_at"],
                condition=models.Q(delivered_at__isnull=False),
                name="trip_by_delivery",
            ),
            models.Index(
                fields=["company", "arrived_at"],
                condition=models.Q(arrived_at__isnull=False),
                name="trip_by_arrival",
            ),
            models.Index(
                fields=["company", "discharged_at"],
                condition=models.Q(discharged_at__isnull=False),
                name="trip_by_discharge",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    # Django's own would hash every label each time, a tenth of what a list takes.
    def get_state_display(self) -> str:  # type: ignore[no-redef]
        return str(TripState(self.state).label)

    def get_outcome_display(self) -> str:  # type: ignore[no-redef]
        return str(Outcome(self.outcome).label)

    @property
    def is_over(self) -> bool:
        return self.state in {
            TripState.DISCHARGED,
            TripState.CANCELLED,
            TripState.LAPSED,
            TripState.RETURNED,
        }


class PassState(models.TextChoices):
    OPEN = "open", pgettext_lazy("pass", "Open")
    SUPERSEDED = "superseded", _("Superseded")
    REVOKED = "revoked", _("Revoked")
    LAPSED = "lapsed", _("Lapsed")
    SPENT = "spent", _("Spent")


class Pass(models.Model):
    """A clearance code as it was issued; what it says never changes, only whether it is open."""

    trip = models.ForeignKey(Trip, models.PROTECT, verbose_name=_("trip"), related_name="passes")
    pass_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    short_code = models.CharField(_("short code"), max_length=9, unique=True)
    code = models.TextField(_("code"))
    signing_key = models.ForeignKey(
        "ferry.SigningKey", models.PROTECT, verbose_name=_("signing key"), related_name="passes"
    )
    driver = models.ForeignKey(
        "ferry.Driver", models.PROTECT, verbose_name=_("driver"), related_name="passes"
    )
    vin = models.CharField(_("VIN"), max_length=17)
    licence = models.ForeignKey(
        "ferry.Licence",
        models.PROTECT,
        verbose_name=_("export licence"),
        null=True,
        blank=True,
        related_name="passes",
    )
    opens_at = models.DateTimeField(_("valid from"))
    closes_at = models.DateTimeField(_("valid until"))
    issued_at = models.DateTimeField(_("issued"))
    state = models.CharField(_("state"), max_length=10, choices=PassState.choices, default=PassState.OPEN)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    end_reason = models.CharField(_("why it ended"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("pass")
        verbose_name_plural = _("passes")
        constraints = [
            models.UniqueConstraint(
                fields=["vin"], condition=models.Q(state=PassState.OPEN), name="one_open_pass_per_vin"
            ),
            models.UniqueConstraint(
                fields=["trip"], condition=models.Q(state=PassState.OPEN), name="one_open_pass_per_trip"
            ),
            models.CheckConstraint(
                condition=models.Q(closes_at__gt=models.F("opens_at")), name="pass_closes_after_it_opens"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=PassState.values), name="pass_state_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["trip", "-issued_at"]),
            models.Index(fields=["vin", "-issued_at"]),
            models.Index(fields=["state", "closes_at"]),
            models.Index(fields=["ended_at"]),
        ]

    def __str__(self) -> str:
        return self.short_code


class EventKind(models.TextChoices):
    PLANNED = "planned", _("Trip planned")
    ISSUED = "issued", _("Code issued")
    DRIVER_SWAPPED = "driver_swapped", _("Driver changed, new code issued")
    REDATED = "redated", _("Moved to another time, new code issued")
    SENT = "sent", _("Sent by e-mail")
    REVOKED = "revoked", _("Code revoked")
    CANCELLED = "cancelled", _("Trip cancelled")
    LAPSED = "lapsed", _("Code lapsed unused")
    PICKED_UP = "picked_up", _("Picked up by the driver")
    REFUSED = "refused", _("Refused at the checkpoint")
    EXAMINE = "examine", _("Sent to examination")
    EXAMINED = "examined", _("Examination decided")
    EXITED = "exited", _("Left China")
    ARRIVED = "arrived", _("Entered Kazakhstan")
    WITHDRAWN = "withdrawn", _("Release withdrawn")
    HANDED_OVER = "handed_over", _("Handed over, as the driver says")
    DELIVERED = "delivered", _("Delivered to the consignee")
    DELIVERY_REFUSED = "delivery_refused", _("Not taken by the consignee")
    RETURNED = "returned", _("Vehicle came back undelivered")
    DRIVER_RETURNED = "driver_returned", _("Driver back in China")
    RECORD_MATCHED = "record_matched", _("Record received")
    CASE_OPENED = "case_opened", _("Case opened")
    CASE_SETTLED = "case_settled", _("Case settled")
    DISCHARGED = "discharged", _("Discharged: all records agree")


#: What a scan ends in.
AT_CHECKPOINTS = [EventKind.EXITED, EventKind.ARRIVED, EventKind.EXAMINE, EventKind.REFUSED]


class TripEvent(models.Model):
    """One thing that happened to a trip: when it was, when we learned it, and by whom.

    `data` holds its particulars, never a secret. While `announced_at` is empty, it waits to be announced to
    endpoints and members; whoever writes an event leaves it empty.
    """

    trip = models.ForeignKey(Trip, models.CASCADE, related_name="events")
    kind = models.CharField(_("kind"), max_length=30, choices=EventKind.choices)
    at = models.DateTimeField(_("occurred"))
    recorded_at = models.DateTimeField(_("recorded"))
    by = models.CharField(_("by"), max_length=200)
    data = models.JSONField(default=dict)
    announced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["trip", "at", "id"]),
            models.Index(
                fields=["id"], condition=models.Q(announced_at__isnull=True), name="event_to_announce"
            ),
            models.Index(
                fields=["at", "trip"], condition=models.Q(kind__in=AT_CHECKPOINTS), name="event_at_checkpoint"
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())
