"""Addresses that need no account."""

from __future__ import annotations

from django.urls import path, re_path

from ferry.phone import driving, tellings, views

app_name = "phone"

urlpatterns = [
    # Before the links: none of these is a word that we would sign.
    path("d/worker.js", driving.worker, name="worker"),
    path("d/forgotten/", driving.forgotten, name="forgotten"),
    path("d/<str:token>/", driving.driver_page, name="driver"),
    path("d/<str:token>/over/", driving.pass_over, name="over"),
    path("d/<str:token>/app.webmanifest", driving.web_manifest, name="manifest"),
    path("d/<str:token>/tellings/", tellings.tellings, name="tellings"),
    path("d/<str:token>/trips/<str:reference>/pick-up/", tellings.pick_up, name="pick_up"),
    path("d/<str:token>/trips/<str:reference>/hand-over/", tellings.hand_over, name="hand_over"),
    path("d/<str:token>/trips/<str:reference>/back/", tellings.back, name="back"),
    re_path(r"^[Pp]/(?P<code>[A-Za-z0-9-]{1,600})/?$", views.code_page, name="code"),
]
