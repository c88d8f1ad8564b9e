"""Every address of the application."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from ferry.health import healthz
from ferry.portal.language import choose_language

urlpatterns = [
    # Before the pages, whose many addresses would all be tried for each scan.
    path("api/v1/", include("clearance.api.urls")),
    path("api/", include("ferry.api.urls")),
    path("healthz/", healthz, name="healthz"),
    path("", include("ferry.portal.urls")),
    path("trips/<str:reference>/evidence/", include("clearance.evidence.urls")),
    path("", include("ferry.phone.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("i18n/setlang/", choose_language, name="set_language"),
    path("lane/", include("clearance.lane.urls")),
    path("desk/", include("clearance.desk.urls")),
]

handler400 = "ferry.uploads.refuse_request"
