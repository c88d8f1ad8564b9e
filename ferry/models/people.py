"""Who signs in, and the human being behind every driver's registration."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Sign in by e-mail: a company's member, an officer, or an operator.

    `language` is the last one chosen, and that of letters; empty until one was chosen.
    """

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=100, blank=True)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, blank=True)
    is_staff = models.BooleanField(_("operator"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.name or self.email


class Person(models.Model):
    """One human being across companies and passports; stay days and the open trip are his.

    Nothing here is shown to a company: it learns only that he is unavailable and until when.
    """

    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("persons")

    def __str__(self) -> str:
        return f"person {self.pk}"


class Passport(models.Model):
    """Say whose a passport number is or was; a renewed passport adds a row."""

    number = models.CharField(_("passport number"), max_length=20)
    nationality = models.CharField(_("nationality"), max_length=2)
    person = models.ForeignKey(Person, models.CASCADE, related_name="passports")

    class Meta:
        verbose_name = _("passport")
        verbose_name_plural = _("passports")
        constraints = [
            models.UniqueConstraint(fields=["number", "nationality"], name="one_person_per_passport")
        ]

    def __str__(self) -> str:
        return f"…{self.number[-4:]}"


class Stay(models.Model):
    """A person's presence in Kazakhstan, in Kazakh calendar dates."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="stays")
    trip = models.OneToOneField("ferry.Trip", models.SET_NULL, null=True, blank=True, related_name="stay")
    entered_on = models.DateField(_("entered"))
    left_on = models.DateField(_("left"), null=True, blank=True)

    class Meta:
        verbose_name = _("stay")
        verbose_name_plural = _("stays")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(left_on__isnull=True) | models.Q(left_on__gte=models.F("entered_on")),
                name="stay_ends_after_it_begins",
            ),
            models.UniqueConstraint(
                fields=["person", "entered_on"], name="one_stay_per_person_and_entry_day"
            ),
        ]
        indexes = [models.Index(fields=["person", "left_on"])]

    def __str__(self) -> str:
        return f"{self.entered_on} – {self.left_on or '…'}"


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    DISPATCHER = "dispatcher", _("Dispatcher")
    VIEWER = "viewer", _("Viewer")


class Membership(models.Model):
    """A role in a company: a viewer reads, a dispatcher also works, an owner also keeps members and keys."""

    company = models.ForeignKey(
        "ferry.Company", models.CASCADE, verbose_name=_("company"), related_name="memberships"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"), related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=12, choices=Role.choices)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["company", "user"], name="one_role_per_member"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role}"

    @property
    def may_write(self) -> bool:
        return self.role in {Role.OWNER, Role.DISPATCHER}
