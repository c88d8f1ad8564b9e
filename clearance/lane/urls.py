"""Addresses of the officer's pages."""

from __future__ import annotations

from django.urls import path

from clearance.lane import examination, offline, views, withdraw

app_name = "lane"

urlpatterns = [
    path("", views.home, name="home"),
    path("worker.js", offline.worker, name="offline-worker"),
    path("manifest.webmanifest", offline.web_manifest, name="manifest"),
    path("offline/", offline.shell, name="offline-shell"),
    path("offline/session/", offline.session, name="offline-session"),
    path("offline/list/", offline.device_list, name="offline-list"),
    path("offline/scans/", offline.upload, name="offline-upload"),
    path("place/", views.place, name="place"),
    path("scan/", views.scan, name="scan"),
    path("scans/", views.scans, name="scans"),
    path("scans/<uuid:scan_id>/", views.verdict, name="verdict"),
    path("scans/<uuid:scan_id>/outcome/", views.outcome, name="outcome"),
    path("scans/<uuid:scan_id>/pictures/<int:pk>/", views.picture, name="picture"),
    path("scans/<uuid:scan_id>/pictures/<int:pk>/small/", views.picture_small, name="picture_small"),
    path("scans/<uuid:scan_id>/compare/", examination.comparison, name="compare"),
    path("scans/<uuid:scan_id>/photos/", examination.photos, name="photos"),
    path("scans/<uuid:scan_id>/withdraw/", withdraw.withdraw, name="withdraw"),
    path("examination-photos/<int:pk>/", examination.photo, name="exam_photo"),
    path("examination-photos/<int:pk>/small/", examination.photo_small, name="exam_photo_small"),
]
