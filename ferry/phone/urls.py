"""Addresses that need no account."""

from __future__ import annotations

from django.urls import path, re_path

from ferry.phone import driving, receiving, tellings

app_name = "phone"

#: A code is printed in upper case, address and all, and people type it in either.
CODE = r"[Pp]/(?P<code>[A-Za-z0-9-]{1,600})"

urlpatterns = [
    # Before the links: none of these is a word that we would sign.
    path("d/worker.js", driving.worker, name="worker"),
    path("d/forgotten/", driving.forgotten, name="forgotten"),
    path("d/<str:token>/", driving.driver_page, name="driver"),
    path("d/<str:token>/over/", driving.pass_over, name="over"),
    path("d/<str:token>/app.webmanifest", driving.web_manifest, name="manifest"),
    re_path(rf"^{CODE}/?$", receiving.code_page, name="code"),
    re_path(rf"^{CODE}/receipt/$", receiving.receipt, name="receipt"),
    re_path(rf"^{CODE}/receipt\.pdf$", receiving.receipt_pdf, name="receipt_pdf"),
    re_path(rf"^{CODE}/photos/$", receiving.photos, name="receipt_photos"),
    path("d/<str:token>/tellings/", tellings.tellings, name="tellings"),
    path("d/<str:token>/trips/<str:reference>/pick-up/", tellings.pick_up, name="pick_up"),
    path("d/<str:token>/trips/<str:reference>/hand-over/", tellings.hand_over, name="hand_over"),
    path("d/<str:token>/trips/<str:reference>/back/", tellings.back, name="back"),
]
