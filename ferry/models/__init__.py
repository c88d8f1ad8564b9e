from ferry.models.audit import Act, AuditEntry
from ferry.models.case import (
    Case,
    CaseKind,
    CaseLevel,
    CaseState,
    CaseStep,
    Party,
    StepKind,
    Weight,
    urgency_of,
)
from ferry.models.company import Company, CompanyState
from ferry.models.condition_check import (
    ConditionCheck,
    ConditionPhoto,
    DamageKind,
    DamageMark,
    DeliveryRefusal,
    RefusalReason,
    Side,
    Stage,
    Telling,
    ToldKind,
)
from ferry.models.consignment import Consignment, ConsignmentKind
from ferry.models.declaration import Declaration, DeclarationStatus, DeclaredVehicle
from ferry.models.document import PERSONAL, THINGS, Document, DocumentKind
from ferry.models.driver import Driver, Language
from ferry.models.hook import Delivery, DeliveryState, Endpoint, HookType
from ferry.models.imports import OPEN_IMPORTS, Fate, FileImport, ImportLine, ImportState, KnownHeadings
from ferry.models.invitation import Invitation
from ferry.models.key import ApiKey, KeyKind, Right, Scope, SigningKey
from ferry.models.licence import Licence, LicensedCommodity
from ferry.models.notice import MailTime, Notice, NoticeChoice, NoticeKind, Told
from ferry.models.people import Membership, Passport, Person, Role, Stay, User
from ferry.models.place import Checkpoint, Closure, Country, Route
from ferry.models.readiness import Door, Mark, ReadinessPolicy, VehicleMark
from ferry.models.receipt import Condition, Receipt
from ferry.models.roster import LineState, Roster, RosterLine
from ferry.models.saved import CASE_ACTS, BulkAct, BulkJob, BulkLine, SavedView
from ferry.models.trip import ON_THE_WAY, EventKind, Outcome, Pass, PassState, Trip, TripEvent, TripState
from ferry.models.vehicle import Handover, Powertrain, Vehicle

__all__ = [
    "CASE_ACTS",
    "ON_THE_WAY",
    "OPEN_IMPORTS",
    "PERSONAL",
    "THINGS",
    "Act",
    "ApiKey",
    "AuditEntry",
    "BulkAct",
    "BulkJob",
    "BulkLine",
    "Case",
    "CaseKind",
    "CaseLevel",
    "CaseState",
    "CaseStep",
    "Checkpoint",
    "Closure",
    "Company",
    "CompanyState",
    "Condition",
    "ConditionCheck",
    "ConditionPhoto",
    "Consignment",
    "ConsignmentKind",
    "Country",
    "DamageKind",
    "DamageMark",
    "Declaration",
    "DeclarationStatus",
    "DeclaredVehicle",
    "Delivery",
    "DeliveryRefusal",
    "DeliveryState",
    "Document",
    "DocumentKind",
    "Door",
    "Driver",
    "Endpoint",
    "EventKind",
    "Fate",
    "FileImport",
    "Handover",
    "HookType",
    "ImportLine",
    "ImportState",
    "Invitation",
    "KeyKind",
    "KnownHeadings",
    "Language",
    "Licence",
    "LicensedCommodity",
    "LineState",
    "MailTime",
    "Mark",
    "Membership",
    "Notice",
    "NoticeChoice",
    "NoticeKind",
    "Outcome",
    "Party",
    "Pass",
    "PassState",
    "Passport",
    "Person",
    "Powertrain",
    "ReadinessPolicy",
    "Receipt",
    "RefusalReason",
    "Right",
    "Role",
    "Roster",
    "RosterLine",
    "Route",
    "SavedView",
    "Scope",
    "Side",
    "SigningKey",
    "Stage",
    "Stay",
    "StepKind",
    "Telling",
    "Told",
    "ToldKind",
    "Trip",
    "TripEvent",
    "TripState",
    "User",
    "Vehicle",
    "VehicleMark",
    "Weight",
    "urgency_of",
]
