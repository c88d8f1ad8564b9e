"""How the operator's pages are arranged: the groups at their side, and what waits for him on the first."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def _page(title: Any, icon: str, model: str) -> dict[str, Any]:
    app, name = model.split(".")

    def may_see(request: Any) -> bool:
        return bool(request.user.has_perm(f"{app}.view_{name}"))

    link = reverse_lazy(f"admin:{app}_{name}_changelist")
    return {"title": title, "icon": icon, "link": link, "permission": may_see}


def _icon(request: Any) -> str:
    return static("img/favicon.svg")


def _group(title: Any, *items: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "items": list(items)}


def look(title: Any) -> dict[str, Any]:
    """Give the settings of django-unfold."""
    return {
        "SITE_TITLE": title,
        "SITE_HEADER": title,
        "SITE_SUBHEADER": _("Beijing time, UTC+8"),
        "SITE_SYMBOL": "local_shipping",
        "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _icon}],
        "SHOW_VIEW_ON_SITE": False,
        "SHOW_LANGUAGES": True,
        "SHOW_BACK_BUTTON": True,
        "DASHBOARD_CALLBACK": "ferry.admin.dashboard.what_waits",
        "SIDEBAR": {
            "show_search": True,
            "show_all_applications": False,
            "navigation": [
                _group(
                    _("Companies"),
                    _page(_("Companies"), "business", "ferry.company"),
                    _page(_("Members"), "groups", "ferry.membership"),
                ),
                _group(
                    _("People"),
                    _page(_("Users"), "person", "ferry.user"),
                    _page(_("Postings"), "badge", "clearance.posting"),
                    _page(_("Persons"), "fingerprint", "ferry.person"),
                    _page(_("Second factors"), "phonelink_lock", "mfa.authenticator"),
                    _page(_("Groups of rights"), "shield_person", "auth.group"),
                ),
                _group(
                    _("Places and closures"),
                    _page(_("Checkpoints"), "flag", "ferry.checkpoint"),
                    _page(_("Routes"), "route", "ferry.route"),
                    _page(_("Closures"), "event_busy", "ferry.closure"),
                    _page(_("Policies"), "rule", "clearance.policy"),
                    _page(_("Selection rules"), "filter_alt", "clearance.selectionrule"),
                    _page(_("Watch list"), "visibility", "clearance.watchentry"),
                    _page(_("Licensed commodities"), "inventory_2", "ferry.licensedcommodity"),
                ),
                _group(
                    _("Keys and devices"),
                    _page(_("API keys"), "key", "ferry.apikey"),
                    _page(_("Devices"), "sensors", "clearance.device"),
                    _page(_("Signing keys"), "encrypted", "ferry.signingkey"),
                ),
                _group(
                    _("Records"),
                    _page(_("Trips"), "conversion_path", "ferry.trip"),
                    _page(_("Passes"), "qr_code_2", "ferry.pass"),
                    _page(_("Scans"), "barcode_scanner", "clearance.scan"),
                    _page(_("Examinations"), "search", "clearance.examination"),
                    _page(_("Receipts"), "task_alt", "ferry.receipt"),
                    _page(_("Records"), "history_edu", "clearance.record"),
                    _page(_("Sources of records"), "inbox", "clearance.source"),
                    _page(_("Imports of records"), "upload_file", "clearance.recordimport"),
                    _page(_("Cases"), "report", "ferry.case"),
                    _page(_("Vehicles"), "directions_car", "ferry.vehicle"),
                    _page(_("Drivers"), "id_card", "ferry.driver"),
                    _page(_("Declarations"), "description", "ferry.declaration"),
                    _page(_("Licences"), "license", "ferry.licence"),
                    _page(_("Handovers"), "swap_horiz", "ferry.handover"),
                ),
            ],
        },
    }
