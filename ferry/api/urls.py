"""Addresses of the HTTP interface that the company's half serves."""

from __future__ import annotations

from django.urls import include, path, re_path

from ferry.api import (
    cases,
    declarations,
    drivers,
    epcis,
    licences,
    passes,
    pay,
    public,
    receipts,
    trips,
    vehicles,
)

version_1 = [
    path("vehicles/", vehicles.Vehicles.as_view(), name="vehicles"),
    path("vehicles/<str:vin>/", vehicles.OneVehicle.as_view(), name="vehicle"),
    path("vehicles/<str:vin>/offer/", vehicles.OfferVehicle.as_view(), name="offer_vehicle"),
    path("handovers/", vehicles.Handovers.as_view(), name="handovers"),
    path("handovers/<int:pk>/accept/", vehicles.AcceptHandover.as_view(), name="accept_handover"),
    path("handovers/<int:pk>/decline/", vehicles.DeclineHandover.as_view(), name="decline_handover"),
    path("handovers/<int:pk>/withdraw/", vehicles.WithdrawHandover.as_view(), name="withdraw_handover"),
    path("drivers/", drivers.Drivers.as_view(), name="drivers"),
    path("drivers/<int:pk>/", drivers.OneDriver.as_view(), name="driver"),
    path("declarations/", declarations.Declarations.as_view(), name="declarations"),
    path("declarations/<str:number>/", declarations.OneDeclaration.as_view(), name="declaration"),
    path("licences/", licences.Licences.as_view(), name="licences"),
    path("licences/<int:pk>/", licences.OneLicence.as_view(), name="licence"),
    path("trips/", trips.Trips.as_view(), name="trips"),
    path("trips/<str:reference>/", trips.OneTrip.as_view(), name="trip"),
    path("trips/<str:reference>/epcis/", epcis.TripEpcis.as_view(), name="trip_epcis"),
    path("trips/<str:reference>/pass/", passes.IssuePass.as_view(), name="issue_pass"),
    path("trips/<str:reference>/swap-driver/", passes.SwapDriver.as_view(), name="swap_driver"),
    path("trips/<str:reference>/redate/", passes.Redate.as_view(), name="redate"),
    path("trips/<str:reference>/revoke-pass/", passes.RevokePass.as_view(), name="revoke_pass"),
    path("trips/<str:reference>/cancel/", trips.CancelTrip.as_view(), name="cancel_trip"),
    path("trips/<str:reference>/return/", trips.ReturnTrip.as_view(), name="return_trip"),
    path("trips/<str:reference>/driver-back/", trips.DriverBack.as_view(), name="driver_back"),
    path("receipts/", receipts.Receipts.as_view(), name="receipts"),
    path("cases/", cases.Cases.as_view(), name="cases"),
    path("cases/<int:pk>/", cases.OneCase.as_view(), name="case"),
    path("cases/<int:pk>/resolve/", cases.ResolveCase.as_view(), name="resolve_case"),
    path("cases/<int:pk>/comment/", cases.CommentCase.as_view(), name="comment_case"),
    path("pay/statements/", pay.Statements.as_view(), name="pay_statements"),
    path("pay/statements/<int:pk>/", pay.OneStatement.as_view(), name="pay_statement"),
    path("keys/", public.Keys.as_view(), name="keys"),
    path("schema/", public.Description.as_view(), name="schema"),
]

app_name = "api"
urlpatterns = [
    path("v1/", include(version_1)),
    path("docs/", public.Docs.as_view(url_name="api:schema"), name="docs"),
    re_path("", public.NothingHere.as_view(), name="nothing_here"),
]
