"""Addresses of what drivers are paid."""

from __future__ import annotations

from django.urls import path

from ferry.portal import pay

urlpatterns = [
    path("pay/", pay.pay, name="pay"),
    path("pay/selected/", pay.pay_selected, name="pay_selected"),
    path("pay/rates/", pay.pay_rates, name="pay_rates"),
    path("pay/rates/<int:pk>/end/", pay.pay_rate_end, name="pay_rate_end"),
    path("pay/<int:pk>/", pay.pay_statement, name="pay_statement"),
    path("pay/<int:pk>/approve/", pay.pay_approve, name="pay_approve"),
    path("pay/<int:pk>/paid/", pay.pay_paid, name="pay_paid"),
    path("pay/<int:pk>/correct/", pay.pay_correct, name="pay_correct"),
    path("pay/<int:pk>/statement.pdf", pay.pay_pdf, name="pay_pdf"),
    path("pay/<int:pk>/statement.xlsx", pay.pay_xlsx, name="pay_xlsx"),
]
