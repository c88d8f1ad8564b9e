"""The operator's pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.functional import Promise

from clearance.actions.sources import open_source
from clearance.models import SelectionRule, Source, WatchEntry
from ferry.actions.companies import apply_for_company
from ferry.actions.keys import current_signing_key
from ferry.models import (
    ApiKey,
    Checkpoint,
    Closure,
    Company,
    Membership,
    Person,
    Role,
    Stay,
    User,
    Vehicle,
)
from ferry.queries.keys import find_api_key
from tests.builders import (
    AT,
    BY,
    PASSWORD,
    a_checkpoint,
    a_company,
    a_company_key,
    a_driver,
    a_member,
    a_passport_number,
    a_route,
    a_uscc,
    a_user,
    a_vehicle,
    an_issued_trip,
    an_officer,
    an_operator,
)

pytestmark = pytest.mark.django_db

PAGES = [model for model in admin.site._registry if model._meta.app_label in {"ferry", "clearance"}]
#: What an operator may do to each model, all by actions; what is not here is only read.
MAY = {
    "auth.group": "add change",
    "clearance.policy": "add change",
    "clearance.posting": "add change delete",
    "clearance.selectionrule": "add",
    "clearance.source": "change",
    "clearance.watchentry": "add",
    "ferry.apikey": "add",
    "ferry.checkpoint": "add change",
    "ferry.closure": "add change delete",
    "ferry.company": "add change",
    "ferry.licensedcommodity": "add change delete",
    "ferry.membership": "add change delete",
    "ferry.route": "add change",
    "ferry.user": "add change",
    "mfa.authenticator": "delete",
}


def at_page(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def operator(client):
    client.force_login(an_operator())
    return client


@pytest.fixture
def world():
    """One of nearly everything."""
    company = a_company()
    trip = an_issued_trip(company)
    Stay.objects.create(person=trip.person, entered_on=date(2026, 11, 1))
    a_member(company)
    an_officer()
    a_company_key(company)
    return trip


def an_application(name: str) -> Company:
    applicant = a_user()
    return apply_for_company(name=name, uscc=a_uscc(), phone="", language="en", applicant=applicant, at=AT)


def told(response):
    return [str(message) for message in response.context["messages"]]


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model.__name__)
def test_every_list_search_and_page_opens_without_anything_inline(operator, world, model):
    changelist = at_page(model, "changelist")
    pages = [operator.get(changelist), operator.get(changelist, {"q": "no such thing"})]
    row = model._default_manager.first()
    if row is not None:
        pages += [
            operator.get(at_page(model, "change", row.pk)),
            operator.get(at_page(model, "history", row.pk)),
        ]
    for page in pages:
        assert page.status_code == 200
        body = page.content.decode()
        assert not re.search(r"<script(?![^>]*(src=|application/json))|\son[a-z]+=\"", body)
        assert "private_sealed" not in body
        assert world.passes.get().code not in body


def test_the_questions_asked_do_not_grow_with_the_rows(operator, world, django_assert_num_queries):
    url = reverse("admin:ferry_trip_changelist")
    operator.get(url)
    with CaptureQueriesContext(connection) as few:
        operator.get(url)
    an_issued_trip()
    an_issued_trip()
    with django_assert_num_queries(len(few)):
        operator.get(url)


@pytest.mark.parametrize("path", ["", "ferry/vehicle/", "ferry/apikey/add/"])
def test_a_stranger_does_not_get_in(client, path):
    client.force_login(a_user())
    assert client.get(f"/admin/{path}", follow=False).status_code in {302, 403}
    client.logout()
    answer = client.get(f"/admin/{path}")
    assert answer.status_code == 302
    assert "login" in answer.url


def test_each_model_may_be_written_as_the_table_says_and_no_other(rf):
    request = rf.get("/")
    request.user = an_operator()
    told_of = {}
    for model, page in admin.site._registry.items():
        may = [
            word for word in ("add", "change", "delete") if getattr(page, f"has_{word}_permission")(request)
        ]
        if may:
            told_of[model._meta.label_lower] = " ".join(may)
        assert "delete_selected" not in page.get_actions(request)
        for inline in page.inlines:
            rows = inline(model, admin.site)
            assert not rows.has_add_permission(request)
            assert not rows.has_change_permission(request)
            assert not rows.has_delete_permission(request)
    assert told_of == MAY


def test_every_page_that_writes_calls_an_action():
    """Django's own ways of writing are taken by none but users and groups, who have no rules of ours."""
    for model, page in admin.site._registry.items():
        may = MAY.get(model._meta.label_lower, "")
        if model._meta.label_lower in {"auth.group", "ferry.user", "mfa.authenticator"}:
            continue
        if "add" in may or "change" in may:
            assert type(page).save_model is not admin.ModelAdmin.save_model, model
        if "delete" in may:
            assert type(page).delete_model is not admin.ModelAdmin.delete_model, model


def test_what_companies_keep_is_only_read(operator, world):
    vehicle = world.vehicle
    operator.post(reverse("admin:ferry_vehicle_delete", args=[vehicle.pk]), {"post": "yes"})
    operator.post(reverse("admin:ferry_vehicle_change", args=[vehicle.pk]), {"make": "other"})
    assert Vehicle.objects.get().make == "BYD"


def test_the_list_of_users_says_who_is_who(operator, django_assert_num_queries):
    silk, east = a_company("Silk Road Cars"), a_company("East Star Trade")
    zhang = a_member(silk, Role.OWNER).user
    Membership.objects.create(company=east, user=zhang, role=Role.VIEWER)
    url = reverse("admin:ferry_user_changelist")
    operator.get(url)
    with CaptureQueriesContext(connection) as few:
        page = operator.get(url).content.decode()
    assert "Silk Road Cars · Owner<br>East Star Trade · Viewer" in page
    an_officer()
    a_member(silk)
    with django_assert_num_queries(len(few) + 1):  # Of which one names the checkpoints.
        page = operator.get(url).content.decode()
    assert f"{a_checkpoint()} · Officer" in page
    an_officer(a_checkpoint("KZ-NURZHOLY"))
    a_member(a_company("West Wind Auto"))
    with django_assert_num_queries(len(few) + 1):
        operator.get(url)


def test_the_first_page_says_what_waits_in_constant_questions(operator, world, django_assert_num_queries):
    url = reverse("admin:index")
    an_application("New Road Cars")
    body = operator.get(url).content.decode()
    assert "New Road Cars" in body
    assert world.company.name not in body
    with CaptureQueriesContext(connection) as few:
        operator.get(url)
    an_application("Altai Motors")
    with django_assert_num_queries(len(few)):
        operator.get(url)


def test_only_the_operators_pages_may_evaluate_scripts(operator):
    policy = operator.get(reverse("admin:index"))["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy
    assert "unsafe" not in operator.get(reverse("account_login"))["Content-Security-Policy"]


def shown_fields(request: HttpRequest) -> Iterator[Any]:
    """List every field of ours that a page of the operator shows."""
    for page in admin.site._registry.values():
        for shown in (page, *(inline(page.model, admin.site) for inline in page.inlines)):
            model = shown.model
            own = {each.name: each for each in model._meta.fields if not each.primary_key}
            if model._meta.app_label in {"ferry", "clearance"}:
                yield from (own[name] for name in shown.get_fields(request, model()) if name in own)


def test_every_label_is_in_the_operators_language(rf):
    request = rf.get("/")
    request.user = an_operator()
    shown = list(shown_fields(request))
    assert len(shown) > 100
    assert [str(field) for field in shown if not isinstance(field._verbose_name, Promise)] == []


def test_a_company_is_corrected_by_the_rules(operator):
    company = a_company()
    url = reverse("admin:ferry_company_change", args=[company.pk])
    form = {"name": "Altai Motors", "uscc": "914403007084611360", "language": "en", "is_active": "on"}
    form |= no_rows("memberships")
    assert "uscc" in operator.post(url, form).context["adminform"].form.errors
    company.refresh_from_db()
    assert company.name == "Silk Road Cars"
    operator.post(url, {**form, "uscc": company.uscc})
    operator.post(url, {**form, "uscc": company.uscc})
    company.refresh_from_db()
    assert (company.name, company.history.count()) == ("Altai Motors", 2)


def no_rows(*prefixes):
    return {f"{prefix}-{name}_FORMS": 0 for prefix in prefixes for name in ("TOTAL", "INITIAL")}


def test_the_last_owner_stays(operator):
    member = a_member(a_company(), Role.OWNER)
    operator.post(reverse("admin:ferry_membership_change", args=[member.pk]), {"role": "viewer"})
    operator.post(reverse("admin:ferry_membership_delete", args=[member.pk]), {"post": "yes"})
    member.refresh_from_db()
    assert member.role == Role.OWNER


def test_a_closure_that_is_over_is_neither_changed_nor_erased(operator):
    a_route()
    past = Closure.objects.get()
    form = {"starts_at_0": "2025-12-15", "starts_at_1": "16:00", "reason": "x"}
    late = {**form, "ends_at_0": "2035-12-17", "ends_at_1": "19:00"}
    assert operator.post(reverse("admin:ferry_closure_change", args=[past.pk]), late).status_code == 403
    assert (
        operator.post(reverse("admin:ferry_closure_delete", args=[past.pk]), {"post": 1}).status_code == 403
    )
    early = {**form, "ends_at_0": "2025-12-17", "ends_at_1": "19:00"}
    answer = operator.post(reverse("admin:ferry_closure_add"), early)
    assert "ends_at" in answer.context["adminform"].form.errors
    assert Closure.objects.get().history.count() == 1


def test_limits_of_a_route_keep_their_order(operator):
    route = a_route()
    url = reverse("admin:clearance_policy_change", args=[route.policy.pk])
    form = operator.get(url).context["adminform"].form
    said = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    answer = operator.post(url, {**said, "receipt_case": "1:00:00"})
    assert "receipt_case" in answer.context["adminform"].form.errors
    operator.post(url, {**said, "receipt_case": "50:00:00"})
    route.policy.refresh_from_db()
    assert route.policy.receipt_case == timedelta(hours=50)


@pytest.mark.parametrize("written", ["50", "50:00", "2 days", "-1 00:00:00", "P2D"])
def test_a_limit_is_written_with_its_hours_and_never_read_as_seconds(operator, written):
    route = a_route()
    url = reverse("admin:clearance_policy_change", args=[route.policy.pk])
    form = operator.get(url).context["adminform"].form
    said = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    answer = operator.post(url, {**said, "list_age_limit": written})
    assert "1 12:00:00" in str(answer.context["adminform"].form.errors["list_age_limit"])
    route.policy.refresh_from_db()
    assert route.policy.list_age_limit == timedelta(hours=4)


def test_a_closure_that_ends_before_it_starts_says_so(operator):
    a_route()
    form = {"starts_at_0": "2035-12-17", "starts_at_1": "16:00", "reason": "x"}
    form |= {"ends_at_0": "2035-12-16", "ends_at_1": "16:00"}
    answer = operator.post(reverse("admin:ferry_closure_add"), form).content.decode()
    assert "Compare the two times." in answer
    assert not Closure.objects.filter(reason="x").exists()


def test_an_operator_who_is_no_superuser_gives_no_rights(client):
    staff = a_user(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label="ferry"))
    client.force_login(staff)
    other, chief = a_user(), an_operator()
    form = {"email": other.email, "name": "X", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    client.post(reverse("admin:ferry_user_change", args=[other.pk]), form)
    other.refresh_from_db()
    assert (other.name, other.is_staff, other.is_superuser) == ("X", False, False)
    assert client.post(reverse("admin:ferry_user_change", args=[chief.pk]), form).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[chief.pk])
    assert client.post(password, {"password1": PASSWORD, "password2": PASSWORD}).status_code == 403


def test_a_key_is_shown_once(operator):
    company = a_company()
    form = {"kind": "company", "label": "their system", "company": company.pk}
    answer = operator.post(reverse("admin:ferry_apikey_add"), form, follow=True)
    token = re.search(r"fm_company_[0-9a-f]{40}", told(answer)[0])[0]
    assert find_api_key(token) == ApiKey.objects.get()
    again = operator.get(reverse("admin:ferry_apikey_changelist"))
    assert token not in again.content.decode()


@pytest.mark.parametrize("kind", ["company", "device"])
def test_a_key_without_what_its_kind_needs_is_refused(operator, kind):
    answer = operator.post(reverse("admin:ferry_apikey_add"), {"kind": kind, "label": "x"})
    assert "kind" in answer.context["adminform"].form.errors
    assert not ApiKey.objects.exists()


def test_a_key_is_revoked(operator):
    key, token = a_company_key(a_company())
    form = {"action": "revoke", "_selected_action": [key.pk]}
    answer = operator.post(reverse("admin:ferry_apikey_changelist"), form, follow=True)
    assert told(answer) == ["Keys revoked: 1"]
    assert find_api_key(token) is None


def test_a_signing_key_shows_its_public_half_alone(operator):
    key = current_signing_key(at=AT)
    body = operator.get(reverse("admin:ferry_signingkey_change", args=[key.pk])).content.decode()
    assert str(key) in body
    assert bytes(key.private_sealed).decode() not in body


def test_a_company_needs_a_sound_code(operator):
    form = {
        "name": "Silk Road Cars",
        "uscc": "914403007084611360",
        "language": "zh-hans",
        "is_active": "on",
        "memberships-TOTAL_FORMS": 0,
        "memberships-INITIAL_FORMS": 0,
    }
    answer = operator.post(reverse("admin:ferry_company_add"), form)
    assert "uscc" in answer.context["adminform"].form.errors
    assert not Company.objects.exists()
    operator.post(reverse("admin:ferry_company_add"), {**form, "uscc": a_uscc().lower()})
    assert (Company.objects.get().uscc.isupper(), Company.objects.get().language) == (True, "zh-hans")
    assert Company.objects.get().history.get().history_user.is_staff


def test_a_user_is_made_and_signs_in_by_his_address(operator, client):
    form = {
        "email": "Chen@Customs.example",
        "name": "Chen Hao",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    operator.post(reverse("admin:ferry_user_add"), form)
    user = User.objects.get(email="chen@customs.example")
    assert user.check_password(PASSWORD)
    assert not user.is_staff


def test_an_operators_closure_is_kept_with_its_history(operator):
    route = a_route()
    form = {
        "route": route.pk,
        "starts_at_0": "2026-12-15",
        "starts_at_1": "16:00",
        "ends_at_0": "2026-12-17",
        "ends_at_1": "19:00",
        "reason": "holiday",
    }
    operator.post(reverse("admin:ferry_closure_add"), form)
    closure = Closure.objects.get(reason="holiday")
    assert closure.history.count() == 1
    assert closure.starts_at.isoformat() == "2026-12-15T08:00:00+00:00"
    page = operator.get(reverse("admin:ferry_closure_change", args=[closure.pk])).content.decode()
    assert 'value="16:00:00"' in page
    assert "Beijing time, UTC+8" in page


def a_rule_form(**said):
    return {"checkpoint": "", "company": "", "powertrain": "", "share": "1", "reason": "notice 12", **said}


def choose(operator, rules, action, **said):
    form = {"action": action, "_selected_action": [rule.pk for rule in rules], **said}
    return operator.post(reverse("admin:clearance_selectionrule_changelist"), form)


def test_a_selection_rule_selects_only_after_its_effect_was_shown(operator):
    operator.post(reverse("admin:clearance_selectionrule_add"), a_rule_form())
    rule = SelectionRule.objects.get()
    assert rule.is_draft
    assert not rule.is_active
    choose(operator, [rule], "switch_on", seen="made up")
    rule.refresh_from_db()
    assert not rule.is_active
    shown = choose(operator, [rule], "switch_on")
    rule.refresh_from_db()
    assert not rule.is_active
    ((_rule, effect, seen),) = shown.context["shown"]
    assert effect.seen == 0
    for _turn in range(2):
        choose(operator, [rule], "switch_on", seen=seen)
        rule.refresh_from_db()
        assert (rule.is_active, rule.started_by.split()[0], rule.foreseen) == (True, "operator", 0)
    choose(operator, [rule], "end")
    rule.refresh_from_db()
    assert (rule.is_active, rule.ended_at is None) == (False, False)


def test_what_a_field_leads_to_is_called_in_the_readers_language(operator, settings):
    operator.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    page = operator.get(reverse("admin:clearance_selectionrule_add"))
    labels = {name: field.label for name, field in page.context["adminform"].form.fields.items()}
    assert (labels["checkpoint"], labels["company"]) == ("口岸", "企业")


def test_what_one_rule_would_do_opens_no_other(operator):
    for reason in ("one", "two"):
        operator.post(reverse("admin:clearance_selectionrule_add"), a_rule_form(reason=reason))
    one, two = SelectionRule.objects.order_by("pk")
    ((_rule, _effect, seen),) = choose(operator, [one], "switch_on").context["shown"]
    choose(operator, [two], "switch_on", seen=seen)
    assert not SelectionRule.objects.filter(is_active=True).exists()


def test_watching_takes_one_way_of_writing_and_ends(operator):
    form = {"kind": "passport", "value": "e 1234-5678", "instruction": "Call the shift leader."}
    operator.post(reverse("admin:clearance_watchentry_add"), form)
    entry = WatchEntry.objects.get()
    assert (entry.value, entry.ended_at) == ("E12345678", None)
    assert entry.added_by.startswith("operator ")
    answer = operator.post(reverse("admin:clearance_watchentry_add"), form)
    assert answer.context["adminform"].form.non_field_errors()
    chosen = {"action": "end", "_selected_action": [entry.pk]}
    operator.post(reverse("admin:clearance_watchentry_changelist"), chosen)
    entry.refresh_from_db()
    assert entry.ended_at is not None


def test_the_operator_joins_two_records_of_one_person(operator):
    one, other = a_driver(a_company()), a_driver(a_company("East Star Trade"), name="马军")
    url = reverse("admin:ferry_person_changelist")
    chosen = {"action": "join", "_selected_action": [one.person_id, other.person_id]}
    answer = operator.post(url, chosen, follow=True)
    assert told(answer) == ["The two are one person now."]
    assert Person.objects.get().drivers.count() == 2
    answer = operator.post(url, {"action": "join", "_selected_action": [one.person_id]}, follow=True)
    assert told(answer) == ["Choose exactly two persons."]


def test_two_persons_of_one_company_are_not_joined(operator):
    company = a_company()
    one, other = a_driver(company), a_driver(company)
    chosen = {"action": "join", "_selected_action": [one.person_id, other.person_id]}
    operator.post(reverse("admin:ferry_person_changelist"), chosen)
    assert Person.objects.count() == 2


def test_an_operator_without_rights_only_looks(client):
    user = a_user(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    one, other = a_driver(a_company()), a_driver(a_company("East Star Trade"))
    key, token = a_company_key(a_company("Third Trade"))
    entry = WatchEntry.objects.create(kind="vin", value="X", instruction="x", added_at=AT, added_by="x")
    for page, action, rows in (
        ("ferry_person", "join", [one.person_id, other.person_id]),
        ("ferry_apikey", "revoke", [key.pk]),
        ("clearance_watchentry", "end", [entry.pk]),
    ):
        form = {"action": action, "_selected_action": rows}
        client.post(reverse(f"admin:{page}_changelist"), form)
    entry.refresh_from_db()
    assert (Person.objects.count(), entry.ended_at) == (2, None)
    assert find_api_key(token) == key


def test_checkpoints_are_found_for_autocompletion(operator):
    a_route()
    query = {"app_label": "ferry", "model_name": "apikey", "field_name": "checkpoint", "term": "霍尔"}
    answer = operator.get(reverse("admin:autocomplete"), query).json()
    assert [row["id"] for row in answer["results"]] == [str(Checkpoint.objects.get(code="CN-HORGOS").pk)]


def test_the_end_of_a_passport_number_finds_its_person_and_is_not_shown_whole(operator):
    number = a_passport_number()
    driver = a_driver(a_company(), passport_number=number)
    answer = operator.get(reverse("admin:ferry_person_changelist"), {"q": number[-4:]})
    assert list(answer.context["cl"].queryset) == [driver.person]
    assert "whole passport" not in answer.content.decode()
    body = operator.get(reverse("admin:ferry_person_change", args=[driver.person_id])).content.decode()
    assert number not in body
    assert number[-4:] in body


def test_a_vehicle_is_found_by_its_vin(operator):
    vehicle = a_vehicle(a_company())
    a_vehicle(vehicle.company)
    answer = operator.get(reverse("admin:ferry_vehicle_changelist"), {"q": vehicle.vin})
    assert list(answer.context["cl"].queryset) == [vehicle]


def test_a_source_writes_as_the_operator_says_and_its_headings_are_forgotten(operator):
    source = open_source(checkpoint=a_checkpoint("KZ-NURZHOLY"), name="Nur Zholy", at=AT, by=BY)
    kept = source.known_headings.create(fingerprint="x", kind="records", columns={"0": "kind"}, known_at=AT)
    url = at_page(Source, "change", source.pk)
    rows = {"TOTAL_FORMS": 1, "INITIAL_FORMS": 1, "0-id": kept.pk, "0-source": source.pk}
    form = {f"known_headings-{name}": value for name, value in rows.items()}
    refused = operator.post(url, {**form, "kind": "return", "zone": "", "first": ""}, follow=True)
    assert "not asked about records of this kind" in told(refused)[0]
    operator.post(url, {**form, "kind": "kz_entry", "zone": "Asia/Almaty", "first": "day", "name": "Mine"})
    source.refresh_from_db()
    assert source.writing == {"kind": "kz_entry", "zone": "Asia/Almaty", "first": "day"}
    assert source.name == "Nur Zholy"
    operator.post(at_page(Source, "changelist"), {"action": "forget", "_selected_action": [source.pk]})
    assert not source.known_headings.exists()
