"""Addresses that need no account."""

from __future__ import annotations

from django.urls import path, re_path

from ferry.phone import receiving, tellings, views

app_name = "phone"

#: A code is printed in upper case, address and all, and people type it in either.
CODE = r"[Pp]/(?P<code>[A-Za-z0-9-]{1,600})"

urlpatterns = [
    path("d/<str:token>/", views.driver_page, name="driver"),
    re_path(rf"^{CODE}/?$", receiving.code_page, name="code"),
    re_path(rf"^{CODE}/receipt/$", receiving.receipt, name="receipt"),
    re_path(rf"^{CODE}/receipt\.pdf$", receiving.receipt_pdf, name="receipt_pdf"),
    re_path(rf"^{CODE}/photos/$", receiving.photos, name="receipt_photos"),
    path("d/<str:token>/tellings/", tellings.tellings, name="tellings"),
    path("d/<str:token>/trips/<str:reference>/pick-up/", tellings.pick_up, name="pick_up"),
    path("d/<str:token>/trips/<str:reference>/hand-over/", tellings.hand_over, name="hand_over"),
    path("d/<str:token>/trips/<str:reference>/back/", tellings.back, name="back"),
]
