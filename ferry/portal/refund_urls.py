"""Addresses of refunds."""

from __future__ import annotations

from django.urls import path

from ferry.portal import refund

urlpatterns = [
    path("refund/", refund.refunds, name="refund"),
    path("refund/<str:number>/", refund.refund_declaration, name="refund_declaration"),
    path("refund/<str:number>/package/", refund.refund_package, name="refund_package"),
    path("refund/<str:number>/filed/", refund.refund_filed, name="refund_filed"),
    path("refund/packages/<int:pk>/", refund.refund_download, name="refund_download"),
]
