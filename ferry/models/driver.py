"""A company's registration of a person who drives for it."""

from __future__ import annotations

from django.core import signing
from django.db import models
from django.db.models.functions import Right
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

LINK_SIGNER = signing.Signer(salt="ferry.driver-link", sep="~")


class Language(models.TextChoices):
    """Languages people read on the phone (settings.PHONE_LANGUAGES); the portal speaks all but Uyghur."""

    ENGLISH = "en", "English"
    CHINESE = "zh-hans", "中文"
    RUSSIAN = "ru", "Русский"
    KAZAKH = "kk", "Қазақша"
    UYGHUR = "ug", "ئۇيغۇرچە"


#: A language that only phone pages speak, and the one its readers also read, for every other page.
READ_INSTEAD = {Language.UYGHUR.value: Language.CHINESE.value}


#: A passport's machine-readable line has so many places for a name (ICAO 9303, TD3).
LATIN_NAME_LENGTH = 39


class Driver(models.Model):
    """A person as one company registered him; `name_latin` is his name as the passport's lines spell it."""

    company = models.ForeignKey(
        "ferry.Company", models.PROTECT, verbose_name=_("company"), related_name="drivers"
    )
    person = models.ForeignKey(
        "ferry.Person", models.PROTECT, verbose_name=_("person"), related_name="drivers"
    )
    name = models.CharField(_("name"), max_length=100)
    name_latin = models.CharField(_("Latin name"), max_length=LATIN_NAME_LENGTH, blank=True)
    passport_number = models.CharField(_("passport number"), max_length=20)
    passport_expires_on = models.DateField(_("passport expires"))
    nationality = models.CharField(_("nationality"), max_length=2, default="CN")
    licence_class = models.CharField(_("driving licence class"), max_length=12)
    licence_expires_on = models.DateField(_("driving licence expires"))
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    language = models.CharField(
        _("language"), max_length=8, choices=Language.choices, default=Language.CHINESE
    )
    link_version = models.PositiveIntegerField(default=1)
    link_made_at = models.DateTimeField(_("link made"), default=timezone.now)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    is_active = models.BooleanField(_("active"), default=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("driver")
        verbose_name_plural = _("drivers")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "person"], name="one_registration_per_company_and_person"
            ),
            models.CheckConstraint(
                condition=models.Q(passport_number__regex=r"^[A-Z0-9]{5,15}$"),
                name="driver_passport_has_its_form",
            ),
            models.CheckConstraint(
                condition=models.Q(name_latin__regex=r"^([A-Z]+([ '-][A-Z]+)*)?$"),
                name="driver_latin_name_has_its_form",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "-id"]),
            models.Index(fields=["company", "name", "id"], name="driver_by_name"),
            models.Index(fields=["company", "name_latin", "id"], name="driver_by_latin_name"),
            models.Index(fields=["company", "passport_expires_on", "id"], name="driver_by_passport"),
            models.Index(fields=["company", "licence_expires_on", "id"], name="driver_by_licence"),
            models.Index(Right("passport_number", 4), "company", name="driver_by_passport_end"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def latin_beside(self) -> str:
        """The Latin name, where the name itself does not say it already."""
        return "" if self.name_latin == self.name.upper() else self.name_latin

    @property
    def names(self) -> str:
        return " · ".join(filter(None, (self.name, self.latin_beside)))

    @property
    def passport_tail(self) -> str:
        return self.passport_number[-4:]

    @property
    def link_token(self) -> str:
        """Sign who this is; raising `link_version` revokes every link given out before."""
        return LINK_SIGNER.sign(f"{self.pk}-{self.link_version}")
