"""Addresses of the HTTP interface that the border's half serves."""

from __future__ import annotations

from django.urls import path

from clearance.api import devices, lists, records, scans

app_name = "border"
urlpatterns = [
    path("scans/", scans.Scans.as_view(), name="scans"),
    path("scans/batch/", scans.ScanBatches.as_view(), name="scan_batches"),
    path("checkpoints/<str:code>/list/", lists.CheckpointList.as_view(), name="list"),
    path("devices/enrol/", devices.Enrolment.as_view(), name="enrol"),
    path("devices/self/", devices.OwnDevice.as_view(), name="own_device"),
    path("records/", records.Records.as_view(), name="records"),
]
