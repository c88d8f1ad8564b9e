"""Addresses of what a company keeps."""

from __future__ import annotations

from django.urls import path, re_path

from ferry.portal import (
    cases,
    consignments,
    declarations,
    documents,
    drivers,
    imports,
    licences,
    vehicles,
    yard,
)
from ferry.portal.lists import exports, picked
from ferry.portal.lists import views as lists
from ferry.portal.lists.known import LISTINGS

urlpatterns = [
    path("vehicles/", lists.page(LISTINGS["vehicles"]), name="vehicles"),
    path("vehicles/selected/", picked.vehicles_selected, name="vehicles_selected"),
    re_path(rf"^(?P<name>{'|'.join(LISTINGS)})/export\.(?P<form>xlsx|csv)$", exports.export, name="export"),
    path("vehicles/new/", vehicles.vehicle_new, name="vehicle_new"),
    path("vehicles/<str:vin>/", vehicles.vehicle, name="vehicle"),
    path("vehicles/<str:vin>/edit/", vehicles.vehicle_edit, name="vehicle_edit"),
    path("handovers/", vehicles.handovers, name="handovers"),
    path("handovers/<int:pk>/answer/", vehicles.handover_answer, name="handover_answer"),
    path("drivers/", lists.page(LISTINGS["drivers"]), name="drivers"),
    path("drivers/new/", drivers.driver_new, name="driver_new"),
    path("drivers/<int:pk>/", drivers.driver, name="driver"),
    path("drivers/<int:pk>/edit/", drivers.driver_edit, name="driver_edit"),
    path("drivers/<int:pk>/link/", drivers.driver_link, name="driver_link"),
    path("declarations/", lists.page(LISTINGS["declarations"]), name="declarations"),
    path("declarations/new/", declarations.declaration_new, name="declaration_new"),
    path("declarations/<str:number>/", declarations.declaration, name="declaration"),
    path("declarations/<str:number>/edit/", declarations.declaration_edit, name="declaration_edit"),
    path("licences/", lists.page(LISTINGS["licences"]), name="licences"),
    path("licences/new/", licences.licence_new, name="licence_new"),
    path("yard/", yard.yard, name="yard"),
    path("yard/scan/", yard.yard_scan, name="yard_scan"),
    path("yard/policy/", yard.yard_policy, name="yard_policy"),
    path("yard/mark/<str:vin>/", yard.yard_mark, name="yard_mark"),
    path("yard/take-back/<str:vin>/", yard.yard_unmark, name="yard_unmark"),
    path("yard/consignments/", consignments.consignments, name="consignments"),
    path("yard/consignments/new/", consignments.consignment_new, name="consignment_new"),
    path("yard/consignments/<int:pk>/", consignments.consignment, name="consignment"),
    path("yard/consignments/<int:pk>/edit/", consignments.consignment_edit, name="consignment_edit"),
    path("yard/consignments/<int:pk>/vehicles/", consignments.consignment_cars, name="consignment_cars"),
    path("yard/consignments/<int:pk>/join/", consignments.consignment_join, name="consignment_join"),
    path("yard/consignments/<int:pk>/leave/", consignments.consignment_leave, name="consignment_leave"),
    path("yard/consignments/<int:pk>/export/", consignments.consignment_export, name="consignment_export"),
    path("views/", lists.view_save, name="view_save"),
    path("views/<int:pk>/remove/", lists.view_remove, name="view_remove"),
    path("licences/<int:pk>/", licences.licence, name="licence"),
    path("documents/about/<str:thing>/<str:key>/", documents.document_keep, name="document_keep"),
    path("documents/<int:pk>/", documents.document, name="document"),
    path("documents/<int:pk>/small/", documents.document_small, name="document_small"),
    path("documents/<int:pk>/remove/", documents.document_remove, name="document_remove"),
    path("cases/", cases.cases, name="cases"),
    path("cases/<int:pk>/", cases.case, name="case"),
    path("cases/<int:pk>/resolve/", cases.case_resolve, name="case_resolve"),
    path("import/", imports.import_file, name="import"),
    path("import/sample/", imports.import_sample, name="import_sample"),
    path("import/<int:pk>/", imports.import_job, name="import_job"),
    path("import/<int:pk>/headings/", imports.import_headings, name="import_headings"),
    path("import/<int:pk>/start/", imports.import_start, name="import_start"),
    path("import/<int:pk>/give-up/", imports.import_give_up, name="import_give_up"),
    path("import/<int:pk>/refused/", imports.import_refused, name="import_refused"),
]
