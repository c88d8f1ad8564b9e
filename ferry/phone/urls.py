"""Addresses that need no account."""

from __future__ import annotations

from django.urls import path, re_path

from ferry.phone import views

app_name = "phone"

urlpatterns = [
    path("d/<str:token>/", views.driver_page, name="driver"),
    re_path(r"^[Pp]/(?P<code>[A-Za-z0-9-]{1,600})/?$", views.code_page, name="code"),
]
