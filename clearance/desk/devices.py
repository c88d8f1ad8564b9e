"""A supervisor makes devices known, sees how they are, moves and revokes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clearance.actions.devices import USUAL_RIGHTS, add_device, change_device, renew_code, revoke_device
from clearance.lane.access import officer
from clearance.models import Device, DeviceKind, DeviceState
from clearance.models.device import LONGEST_LANE
from clearance.queries.devices import device_rows, devices_at, last_scans_of
from ferry.codes import show_short_code
from ferry.errors import Refused
from ferry.models import Checkpoint, Right
from ferry.portal.pages import newest_first
from ferry.portal.saving import save, tell_reasons
from ferry.qr import qr_svg

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.http import HttpRequest, HttpResponse

    from clearance.lane.access import Station


class DeviceForm(forms.Form):
    kind = forms.ChoiceField(label=pgettext_lazy("device", "Kind"), choices=DeviceKind.choices)
    checkpoint = forms.ModelChoiceField(
        label=gettext_lazy("Checkpoint"), queryset=Checkpoint.objects.none(), empty_label=None
    )
    lane = forms.CharField(label=gettext_lazy("Lane"), max_length=LONGEST_LANE)
    name = forms.CharField(
        label=pgettext_lazy("device", "Name"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("What people here call it. Without one, its kind and lane."),
    )
    holds_list = forms.BooleanField(
        label=gettext_lazy("It may hold the offline list"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Without the list it lets nothing through while the line is down."),
    )

    def __init__(self, *args: Any, checkpoints: Collection[Checkpoint], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["checkpoint"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101
        field.queryset = Checkpoint.objects.filter(pk__in=[each.pk for each in checkpoints]).order_by("code")

    def said(self) -> dict[str, Any]:
        """Give what the action takes."""
        said = dict(self.cleaned_data)
        kind = DeviceKind(said.pop("kind"))
        holds_list = said.pop("holds_list")
        rights = [right for right in USUAL_RIGHTS[kind] if holds_list or right != Right.LIST]
        return {**said, "kind": kind, "rights": rights}


class PlaceForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("device", "Name"), max_length=80)
    lane = forms.CharField(
        label=gettext_lazy("Lane"),
        max_length=LONGEST_LANE,
        help_text=gettext_lazy("The device hears of it within a minute."),
    )


class RevokeDeviceForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


@require_safe
@never_cache
@officer(supervises=True)
def devices(request: HttpRequest, station: Station) -> HttpResponse:
    """List the devices of the supervisor's checkpoints, newest first."""
    page = newest_first(devices_at(station.supervised), request)
    now = timezone.now()
    rows = device_rows(page, at=now)
    return render(request, "desk/devices.html", {"page": page, "rows": rows, "now": now})


@require_http_methods(["GET", "POST"])
@never_cache
@officer(supervises=True)
def device_new(request: HttpRequest, station: Station) -> HttpResponse:
    """Make a device known and show its code this once."""
    form = DeviceForm(request.POST or None, checkpoints=station.supervised)
    if request.method == "POST" and form.is_valid():
        made = save(form, lambda: add_device(**form.said(), at=timezone.now(), by=_supervisor(request)))
        if made:
            return _show_code(request, *made)
    return render(request, "desk/device_new.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@never_cache
@officer(supervises=True)
def device(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Show how a device is and what it scanned last; call it otherwise or move it."""
    shown = _own(station, pk)
    form = PlaceForm(request.POST or None, initial={"name": shown.name, "lane": shown.lane})
    if request.method == "POST" and form.is_valid():
        if save(form, lambda: change_device(device=shown, **form.cleaned_data)):
            messages.success(request, _("Saved."))
            return redirect("desk:device", pk)
        shown = _own(station, pk)
    return _show(request, shown, form, RevokeDeviceForm(), status=400 if form.errors else 200)


@require_POST
@never_cache
@officer(supervises=True)
def device_code(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Make a new code for a device that is not enrolled yet, and show it this once."""
    shown = _own(station, pk)
    try:
        code = renew_code(device=shown, at=timezone.now())
    except Refused as refused:
        tell_reasons(request, refused)
        return redirect("desk:device", pk)
    return _show_code(request, _own(station, pk), code)


@require_POST
@never_cache
@officer(supervises=True)
def device_revoke(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """End a device."""
    shown = _own(station, pk)
    form = RevokeDeviceForm(request.POST)
    if not form.is_valid():
        place = PlaceForm(initial={"name": shown.name, "lane": shown.lane})
        return _show(request, shown, place, form, status=400)
    reason = form.cleaned_data["reason"]
    if revoke_device(device=shown, reason=reason, at=timezone.now(), by=_supervisor(request)):
        messages.success(request, _("The device is revoked: its next call is refused."))
    return redirect("desk:device", pk)


def _own(station: Station, pk: int) -> Device:
    own = devices_at(station.supervised).filter(pk=pk).first()
    if own is None:
        raise Http404
    return own


def _show(
    request: HttpRequest, shown: Device, form: PlaceForm, revoke_form: RevokeDeviceForm, *, status: int
) -> HttpResponse:
    now = timezone.now()
    (row,) = device_rows([shown], at=now)
    context = {
        "now": now,
        "device": shown,
        "row": row,
        "waits": row.state in {DeviceState.WAITING, DeviceState.OVERDUE},
        "scans": last_scans_of(shown),
        "form": form,
        "revoke_form": revoke_form,
    }
    return render(request, "desk/device.html", context, status=status)


def _show_code(request: HttpRequest, device: Device, code: str) -> HttpResponse:
    """Show a code as text and as a QR, whose part after the # no browser sends and no server logs."""
    qr = qr_svg(f"{settings.SITE_URL}/#{code}", level="M", label=_("Enrolment code of %s") % device.name)
    context = {
        "device": device,
        "code": show_short_code(code),
        # Drawn by ferry.qr from a code that we made ourselves.
        "qr": mark_safe(qr),  # noqa: S308
        "site_url": settings.SITE_URL,
    }
    return render(request, "desk/device_code.html", context)


def _supervisor(request: HttpRequest) -> str:
    return f"supervisor {request.user}"
