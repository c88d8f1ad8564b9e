"""A body too large to be meant is refused before it is read."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from ferry.uploads import MOST_BYTES


@pytest.mark.django_db
def test_a_stranger_cannot_fill_the_disk():
    file = SimpleUploadedFile("fleet.xlsx", b"x")
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    answer = client.post("/accounts/login/", {"file": file}, CONTENT_LENGTH=str(MOST_BYTES + 1))
    assert answer.status_code == 413
    assert "20 MB" in answer.content.decode()


@pytest.mark.django_db
def test_a_file_of_usual_size_is_read():
    answer = Client().post("/accounts/login/", {"file": SimpleUploadedFile("fleet.xlsx", b"x" * 10**6)})
    assert answer.status_code == 200
