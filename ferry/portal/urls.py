"""Addresses of the company's portal."""

from __future__ import annotations

from django.urls import include, path, re_path

from ferry.portal import epcis, home, receipts, report_letters, reports, roster, sending, sheets, today, trips
from ferry.portal.lists import picked
from ferry.portal.lists.trips import TRIPS
from ferry.portal.lists.views import page

app_name = "portal"

urlpatterns = [
    path("", home.home, name="home"),
    path("today/", today.today, name="today"),
    path("reports/", reports.reports, name="reports"),
    path("reports/letters/", report_letters.reports_subscribe, name="reports_subscribe"),
    path("reports/letters/<int:pk>/stop/", report_letters.reports_unsubscribe, name="reports_unsubscribe"),
    path("reports/no-more/<str:token>/", report_letters.reports_stop, name="reports_stop"),
    path("reports/export.xlsx", reports.reports_export, name="reports_export"),
    path("trips/", page(TRIPS), name="trips"),
    path("trips/selected/", picked.trips_selected, name="trips_selected"),
    path("trips/sheets/", picked.trip_sheets, name="trip_sheets"),
    path("bulk/<int:pk>/", picked.bulk_job, name="bulk_job"),
    path("trips/new/", trips.trip_new, name="trip_new"),
    path("trips/<str:reference>/", trips.trip, name="trip"),
    path("trips/<str:reference>/sheet/", sheets.sheet, name="sheet"),
    re_path(r"^trips/(?P<reference>[0-9A-Z]+)/code\.(?P<form>svg|png)$", sheets.picture, name="picture"),
    path("trips/<str:reference>/send/", sending.send, name="send"),
    path("trips/<str:reference>/events.jsonld", epcis.trip_epcis, name="trip_epcis"),
    path("trips/<str:reference>/receipt.pdf", receipts.receipt_pdf, name="receipt_pdf"),
    path("trips/<str:reference>/issue/", trips.trip_issue, name="trip_issue"),
    path("trips/<str:reference>/swap-driver/", trips.trip_swap, name="trip_swap"),
    path("trips/<str:reference>/redate/", trips.trip_redate, name="trip_redate"),
    path("trips/<str:reference>/revoke/", trips.trip_revoke, name="trip_revoke"),
    path("trips/<str:reference>/cancel/", trips.trip_cancel, name="trip_cancel"),
    path("trips/<str:reference>/returned/", trips.trip_returned, name="trip_returned"),
    path("trips/<str:reference>/driver-back/", trips.trip_driver_back, name="trip_driver_back"),
    path("roster/", roster.roster, name="roster"),
    path("roster/preview/", roster.roster_preview, name="roster_preview"),
    path("roster/plan/", roster.roster_plan, name="roster_plan"),
    path("roster/<int:pk>/", roster.roster_job, name="roster_job"),
    path("roster/<int:pk>/send/", sending.roster_send, name="roster_send"),
    path("roster/<int:pk>/sheets/", sheets.roster_sheets, name="sheets"),
    path("", include("ferry.portal.paper_urls")),
    path("", include("ferry.portal.pay_urls")),
    path("", include("ferry.portal.hook_urls")),
    path("", include("ferry.portal.company_urls")),
]
