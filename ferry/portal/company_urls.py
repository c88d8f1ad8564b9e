"""Addresses of the company itself: how it comes to be, who works in it, and what was done."""

from __future__ import annotations

from django.urls import path

from ferry.portal import company, invitations, keys, members, sign_up

urlpatterns = [
    path("sign-up/", sign_up.register, name="sign_up"),
    path("sign-up/sent/", sign_up.sent, name="sign_up_sent"),
    path("application/", sign_up.application, name="application"),
    path("invitation/<str:token>/", invitations.invitation, name="invitation"),
    path("company/", company.profile, name="company"),
    path("company/members/", members.members, name="members"),
    path("company/members/<int:pk>/role/", members.member_role, name="member_role"),
    path("company/members/<int:pk>/remove/", members.member_remove, name="member_remove"),
    path("company/invitations/<int:pk>/resend/", invitations.invitation_resend, name="invitation_resend"),
    path("company/invitations/<int:pk>/revoke/", invitations.invitation_revoke, name="invitation_revoke"),
    path("company/keys/", keys.keys, name="keys"),
    path("company/keys/new/", keys.key_new, name="key_new"),
    path("company/keys/<int:pk>/revoke/", keys.key_revoke, name="key_revoke"),
    path("company/security/", company.security, name="security"),
    path("company/audit/", company.audit, name="audit"),
    path("switch-company/", members.switch_company, name="switch_company"),
]
