"""What a vehicle looked like when it changed hands, and what a driver told on his phone."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Stage(models.TextChoices):
    """When a vehicle is looked over: by its driver at both ends, by the consignee at the receipt."""

    PICK_UP = "pick_up", pgettext_lazy("condition check", "Pick-up")
    HAND_OVER = "hand_over", pgettext_lazy("condition check", "Hand-over")
    RECEIPT = "receipt", pgettext_lazy("condition check", "Receipt")


class Side(models.TextChoices):
    """A side of a vehicle's outline; left is the driver's left when he sits in it."""

    LEFT = "left", pgettext_lazy("vehicle", "Left side")
    RIGHT = "right", pgettext_lazy("vehicle", "Right side")
    FRONT = "front", pgettext_lazy("vehicle", "Front")
    REAR = "rear", pgettext_lazy("vehicle", "Rear")
    TOP = "top", pgettext_lazy("vehicle", "Roof")
    INSIDE = "inside", pgettext_lazy("vehicle", "Inside")


class DamageKind(models.TextChoices):
    SCRATCH = "scratch", pgettext_lazy("damage", "Scratch")
    DENT = "dent", pgettext_lazy("damage", "Dent")
    CRACK = "crack", pgettext_lazy("damage", "Crack")
    MISSING = "missing", pgettext_lazy("damage", "Missing part")


class ConditionCheck(models.Model):
    """One look at a vehicle; `driver` is empty where the consignee looked. It is never changed.

    `level_percent` is how full the battery or the tank is.
    """

    check_id = models.UUIDField(unique=True)
    trip = models.ForeignKey("ferry.Trip", models.PROTECT, related_name="condition_checks")
    stage = models.CharField(_("when"), max_length=9, choices=Stage.choices)
    driver = models.ForeignKey(
        "ferry.Driver", models.PROTECT, null=True, blank=True, related_name="condition_checks"
    )
    odometer_km = models.PositiveIntegerField(_("odometer, km"), null=True, blank=True)
    level_percent = models.PositiveSmallIntegerField(_("charge or fuel, %"), null=True, blank=True)
    keys = models.PositiveSmallIntegerField(_("keys"), null=True, blank=True)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    checked_at = models.DateTimeField(_("looked over"))
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("condition check")
        verbose_name_plural = _("condition checks")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(level_percent__isnull=True) | models.Q(level_percent__lte=100),
                name="check_level_is_a_share",
            ),
            models.CheckConstraint(condition=models.Q(stage__in=Stage.values), name="check_stage_is_known"),
        ]
        indexes = [models.Index(fields=["trip", "stage", "checked_at"])]

    def __str__(self) -> str:
        return f"{self.get_stage_display()} {self.checked_at:%Y-%m-%d}"


class DamageMark(models.Model):
    """A place on the outline where something is; `x` and `y` are thousandths of its side's drawing."""

    check_made = models.ForeignKey(ConditionCheck, models.PROTECT, related_name="marks")
    number = models.PositiveSmallIntegerField()
    side = models.CharField(_("side"), max_length=6, choices=Side.choices)
    x = models.PositiveSmallIntegerField()
    y = models.PositiveSmallIntegerField()
    kind = models.CharField(_("damage"), max_length=8, choices=DamageKind.choices)

    class Meta:
        verbose_name = _("damage mark")
        verbose_name_plural = _("damage marks")
        constraints = [
            models.UniqueConstraint(fields=["check_made", "number"], name="one_mark_per_check_and_number"),
            models.CheckConstraint(
                condition=models.Q(x__lte=1000, y__lte=1000), name="mark_is_on_the_outline"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} · {self.get_side_display()} · {self.get_kind_display()}"


class ConditionPhoto(models.Model):
    """A photo of a vehicle as it was checked and kept; `sha256` is of the bytes that the phone sent.

    `mark_number` names a mark of its check, if it shows one. The place is kept only where its sender chose.
    """

    photo_id = models.UUIDField(unique=True)
    check_made = models.ForeignKey(ConditionCheck, models.PROTECT, related_name="photos")
    mark_number = models.PositiveSmallIntegerField(null=True, blank=True)
    content_type = models.CharField(_("type"), max_length=40)
    size = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    file = models.FileField(max_length=100)
    thumbnail = models.FileField(max_length=100)
    latitude = models.DecimalField(max_digits=8, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    taken_at = models.DateTimeField(_("taken"))
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("photo of a condition check")
        verbose_name_plural = _("photos of condition checks")
        constraints = [
            models.UniqueConstraint(fields=["check_made", "sha256"], name="one_photo_per_check_and_content")
        ]

    def __str__(self) -> str:
        return f"{self.check_made_id} · {self.pk}"


class ToldKind(models.TextChoices):
    PICKED_UP = "picked_up", pgettext_lazy("driver", "Picked up")
    HANDED_OVER = "handed_over", pgettext_lazy("driver", "Handed over")
    BACK = "back", pgettext_lazy("driver", "Back in China")
    PHOTO = "photo", _("Photo")


class Telling(models.Model):
    """One thing a driver told from his phone, and how it was answered: sent twice, it is the same thing.

    `digest` is of its content; `answer` holds a status and, where it was refused, the reasons' codes.
    """

    telling_id = models.UUIDField(unique=True)
    driver = models.ForeignKey("ferry.Driver", models.PROTECT, related_name="tellings")
    trip = models.ForeignKey("ferry.Trip", models.PROTECT, related_name="tellings")
    kind = models.CharField(max_length=11, choices=ToldKind.choices)
    digest = models.CharField(max_length=64)
    answer = models.JSONField(default=dict)
    told_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("driver's word")
        verbose_name_plural = _("drivers' words")
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=ToldKind.values), name="told_kind_is_known")
        ]

    def __str__(self) -> str:
        return self.kind


class RefusalReason(models.TextChoices):
    """Why a consignee does not take a vehicle."""

    WRONG_VEHICLE = "wrong_vehicle", _("It is another vehicle")
    DAMAGED = "damaged", _("It is damaged")
    INCOMPLETE = "incomplete", _("Keys, papers or parts are missing")
    NOT_ORDERED = "not_ordered", _("I have not ordered it")
    OTHER = "other", pgettext_lazy("refusal", "Another reason")


class DeliveryRefusal(models.Model):
    """A consignee's word, by his PIN, that he does not take the vehicle; a later receipt stands beside it."""

    trip = models.OneToOneField("ferry.Trip", models.PROTECT, related_name="delivery_refusal")
    reason = models.CharField(_("reason"), max_length=13, choices=RefusalReason.choices)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    refused_by = models.CharField(_("refused by"), max_length=200)
    refused_at = models.DateTimeField(_("refused"))

    class Meta:
        verbose_name = _("refused delivery")
        verbose_name_plural = _("refused deliveries")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(reason__in=RefusalReason.values), name="refusal_reason_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.get_reason_display()
