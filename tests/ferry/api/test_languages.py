"""Sentences are in the caller's language; codes never change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.builders import a_trip
from tests.ferry.api.callers import errors_of

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from ferry.models import Company

LANGUAGES = ["en", "zh-hans", "ru", "kk"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_body_is_refused_with_the_same_codes(caller: APIClient, language: str) -> None:
    answer = caller.post("/api/v1/licences/", {}, format="json", headers={"accept-language": language})

    assert answer.headers["Content-Language"] == language
    assert errors_of(answer) == [("required", "number"), ("required", "expires_on"), ("required", "quantity")]


def test_each_language_has_its_own_sentence(caller: APIClient) -> None:
    sentences = {
        caller.post("/api/v1/licences/", {}, format="json", headers={"accept-language": language}).json()[
            "errors"
        ][0]["detail"]
        for language in LANGUAGES
    }

    assert len(sentences) == len(LANGUAGES)


@pytest.mark.parametrize(("asked", "given"), [("zh-CN,zh;q=0.9", "zh-hans"), ("de", "en"), ("ru-KZ", "ru")])
def test_it_takes_the_nearest_language(caller: APIClient, asked: str, given: str) -> None:
    answer = caller.get("/api/v1/trips/", headers={"accept-language": asked})

    assert answer.headers["Content-Language"] == given
    assert "Accept-Language" in answer.headers["Vary"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_reasons_against_a_code_keep_their_codes(caller: APIClient, company: Company, language: str) -> None:
    trip = a_trip(company)

    answer = caller.post(f"/api/v1/trips/{trip.reference}/pass/", headers={"accept-language": language})

    assert errors_of(answer) == [("licence_missing", "licence")]
