"""Addresses that need no account."""

from __future__ import annotations

from django.urls import path, re_path

from ferry.phone import tellings, views

app_name = "phone"

urlpatterns = [
    path("d/<str:token>/", views.driver_page, name="driver"),
    path("d/<str:token>/tellings/", tellings.tellings, name="tellings"),
    path("d/<str:token>/trips/<str:reference>/pick-up/", tellings.pick_up, name="pick_up"),
    path("d/<str:token>/trips/<str:reference>/hand-over/", tellings.hand_over, name="hand_over"),
    path("d/<str:token>/trips/<str:reference>/back/", tellings.back, name="back"),
    re_path(r"^[Pp]/(?P<code>[A-Za-z0-9-]{1,600})/?$", views.code_page, name="code"),
]
