"""Addresses of the evidence that companies see."""

from __future__ import annotations

from django.urls import path

from clearance.evidence import views

app_name = "evidence"

urlpatterns = [path("", views.evidence, name="trip")]
