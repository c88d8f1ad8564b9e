"""Addresses of the supervisor's desk."""

from __future__ import annotations

from django.urls import path

from clearance.desk import (
    cases,
    chains,
    closures,
    devices,
    fallback,
    live,
    record_files,
    records,
    rules,
    scans,
    trips,
    views,
)

app_name = "desk"

urlpatterns = [
    path("", cases.cases, name="cases"),
    path("cases/export.<str:form>", cases.cases_export, name="cases_export"),
    path("cases/selected/", cases.cases_selected, name="cases_selected"),
    path("bulk/<int:pk>/", cases.bulk_job, name="bulk_job"),
    path("cases/<int:pk>/", cases.case, name="case"),
    path("cases/<int:pk>/files/<int:document>/", cases.case_file, name="case_file"),
    path("cases/<int:pk>/<str:act>/", cases.case_act, name="case_act"),
    path("duty/", live.duty, name="duty"),
    path("live/", live.live, name="live"),
    path("chain/", chains.chain, name="chain"),
    path("watch/", views.watch, name="watch"),
    path("watch/<int:pk>/end/", views.watch_end, name="watch_end"),
    path("rules/", rules.rules, name="rules"),
    path("rules/<int:pk>/", rules.rule, name="rule"),
    path("rules/<int:pk>/on/", rules.rule_on, name="rule_on"),
    path("rules/<int:pk>/end/", rules.rule_end, name="rule_end"),
    path("closures/", closures.closures, name="closures"),
    path("closures/announce/", closures.closure_announce, name="closure_announce"),
    path("closures/<int:pk>/end/", closures.closure_end, name="closure_end"),
    path("scans/", scans.scans, name="scans"),
    path("scans/export.<str:form>", scans.scans_export, name="scans_export"),
    path("records/", records.records, name="records"),
    path("records/export.<str:form>", records.records_export, name="records_export"),
    path("records/<int:pk>/", records.record, name="record"),
    path("records/files/", record_files.record_files, name="record_files"),
    path("records/files/<int:pk>/", record_files.record_file, name="record_files_job"),
    path("records/files/<int:pk>/writing/", record_files.record_file_writing, name="record_files_writing"),
    path("records/files/<int:pk>/headings/", record_files.record_file_headings, name="record_files_headings"),
    path("records/files/<int:pk>/start/", record_files.record_file_start, name="record_files_start"),
    path("records/files/<int:pk>/give-up/", record_files.record_file_give_up, name="record_files_give_up"),
    path("records/files/<int:pk>/refused/", record_files.record_file_refused, name="record_files_refused"),
    path("trips/", trips.trips, name="trips"),
    path("trips/<str:reference>/", trips.trip, name="trip"),
    path("fallback/", fallback.fallback, name="fallback"),
    path("fallback/<int:pk>/", fallback.results, name="fallback_results"),
    path("fallback/<int:pk>/list.pdf", fallback.paper, name="fallback_paper"),
    path("codes/", views.codes, name="codes"),
    path("codes/<uuid:pass_id>/", views.code, name="code"),
    path("devices/", devices.devices, name="devices"),
    path("devices/new/", devices.device_new, name="device_new"),
    path("devices/<int:pk>/", devices.device, name="device"),
    path("devices/<int:pk>/code/", devices.device_code, name="device_code"),
    path("devices/<int:pk>/revoke/", devices.device_revoke, name="device_revoke"),
]
