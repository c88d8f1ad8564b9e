"""Addresses that need no account."""

from __future__ import annotations

from django.urls import path, re_path

from ferry.phone import driving, views

app_name = "phone"

urlpatterns = [
    # Before the links: none of these is a word that we would sign.
    path("d/worker.js", driving.worker, name="worker"),
    path("d/forgotten/", driving.forgotten, name="forgotten"),
    path("d/<str:token>/", driving.driver_page, name="driver"),
    path("d/<str:token>/over/", driving.pass_over, name="over"),
    path("d/<str:token>/app.webmanifest", driving.web_manifest, name="manifest"),
    re_path(r"^[Pp]/(?P<code>[A-Za-z0-9-]{1,600})/?$", views.code_page, name="code"),
]
