"""What is filled in to register a company, to join one, and to keep it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ferry.models import Act, Role, Scope, User
from ferry.portal.paper_forms import CodeInput, DayInput

if TYPE_CHECKING:
    from ferry.models import Company

MOST_YUAN = 100_000


class ApplicationForm(forms.Form):
    name = forms.CharField(
        label=_("Company name"), max_length=200, help_text=_("As on the business licence.")
    )
    uscc = forms.CharField(
        label=_("Unified Social Credit Code"),
        max_length=40,
        widget=CodeInput(),
        help_text=_("18 characters, from the business licence."),
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=40,
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "tel"}),
        help_text=_("The operator may call it. Drivers see it on their sheets until you change that."),
    )


class NewAccountForm(forms.Form):
    """Whose account it will be; a password that is too easy is refused with what is wrong with it."""

    person = forms.CharField(
        label=_("Your name"), max_length=100, widget=forms.TextInput({"autocomplete": "name"})
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("12 characters or more, nothing that is easily guessed."),
    )
    email = ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("password"):
            user = User(email=data.get("email") or self.email, name=data.get("person", ""))
            try:
                validate_password(data["password"], user)
            except ValidationError as error:
                self.add_error("password", error)
        return data


class SignUpForm(ApplicationForm, NewAccountForm):
    email = forms.EmailField(  # type: ignore[assignment]
        label=_("Your e-mail"), max_length=254, widget=forms.EmailInput({"autocomplete": "username"})
    )
    field_order = ("name", "uscc", "phone", "person", "email", "password")


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.DISPATCHER)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


class KeyForm(forms.Form):
    label = forms.CharField(
        label=_("What will use it"), max_length=80, help_text=_("For example the name of your own system.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=Scope.choices,
        initial=[Scope.READ],
        widget=forms.CheckboxSelectMultiple(),
    )
    expires_on = forms.DateField(
        label=_("Good until"),
        required=False,
        widget=DayInput(),
        help_text=_("The last day, in Beijing. Empty: until it is revoked."),
    )


class YuanField(forms.DecimalField):
    """An amount that is written in yuan, or another currency's whole units, and kept in hundredths."""

    def __init__(self, **said: Any) -> None:
        super().__init__(**{"min_value": 0, "max_value": MOST_YUAN, "decimal_places": 2, **said})

    def prepare_value(self, value: Any) -> Any:
        return f"{value / 100:.2f}".removesuffix(".00") if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        yuan = super().clean(value)
        return None if yuan is None else int(yuan * 100)


class ProfileForm(forms.Form):
    name = forms.CharField(label=_("Company name"), max_length=200)
    phone = forms.CharField(
        label=_("Phone for drivers"),
        max_length=40,
        required=False,
        widget=forms.TextInput({"inputmode": "tel"}),
        help_text=_("Printed on every windscreen sheet."),
    )
    consignee_name = forms.CharField(
        label=_("Usual consignee"),
        max_length=200,
        required=False,
        help_text=_("Offered when a trip is planned. Empty: as on the trip before."),
    )
    consignee_phone = forms.CharField(
        label=_("Consignee's phone"),
        max_length=40,
        required=False,
        widget=forms.TextInput({"inputmode": "tel"}),
    )
    delivery_place = forms.CharField(label=_("Usual place of delivery"), max_length=200, required=False)
    language = forms.ChoiceField(
        label=_("Language of letters to the company"),
        choices=settings.LANGUAGES,
        help_text=_("Letters of enquiry from customs, and what the operator writes."),
    )
    pay_car_fen = YuanField(
        label=_("Driver's pay for a vehicle, yuan"),
        help_text=_("For trips planned from now on. It is his when the consignee confirms the delivery."),
    )
    pay_plant_fen = YuanField(label=_("Driver's pay for plant machinery, yuan"))


class AuditFilter(forms.Form):
    """What is asked of the audit trail; what cannot be meant is left out."""

    by = forms.ChoiceField(required=False)
    kind = forms.ChoiceField(choices=[("", _("Every act")), *Act.choices], required=False)
    day = forms.DateField(required=False, widget=DayInput())

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = company.memberships.order_by("user__email").values_list("user__email", flat=True)
        self.fields["by"].choices = [("", _("Everybody")), *((one, one) for one in members)]  # type: ignore[attr-defined]
