"""The queue of the embedded default."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Thread

import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

from ferry.disk_queue import Transport


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "messages").mkdir()
    return tmp_path


@pytest.fixture
def name(request):
    """Name the queue after the test: kombu remembers in the process what is bound."""
    return request.node.name


@pytest.fixture
def queue(folder, name):
    options = {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
    }
    with Connection("filesystem://localhost", transport=Transport, transport_options=options) as connection:
        yield connection.SimpleQueue(name)


def test_messages_come_out_as_they_went_in(queue):
    for number in range(3):
        queue.put({"number": number})
    taken = [queue.get(timeout=1) for _number in range(3)]
    assert sorted(each.payload["number"] for each in taken) == [0, 1, 2]
    with pytest.raises(queue.Empty):
        queue.get(block=False)


def test_no_file_under_a_messages_name_is_ever_less_than_whole(queue, folder):
    found: list[str] = []
    is_over = False

    def look() -> None:
        while not is_over:
            found.extend(file.read_text() for file in (folder / "messages").glob("*.msg"))

    onlooker = Thread(target=look)
    onlooker.start()
    for _number in range(300):
        queue.put({"text": "x" * 20_000})
    is_over = True
    onlooker.join()
    assert found
    assert all(json.loads(text)["body"] for text in set(found))


def test_an_emptied_message_stops_nobody(queue, folder, name):
    (folder / "messages" / f"0_cut.{name}.msg").touch()
    queue.put({"number": 7})
    assert queue.get(timeout=1).payload == {"number": 7}
    assert not list((folder / "messages").glob("*.msg"))


def test_a_second_queue_is_bound_beside_the_first(queue, folder, name):
    other = queue.channel.connection.client.SimpleQueue(f"{name}-more")
    other.put({"number": 1})
    queue.put({"number": 2})
    assert queue.get(timeout=1).payload == {"number": 2}
    assert other.get(timeout=1).payload == {"number": 1}


def test_a_folder_that_is_not_there_is_said(tmp_path):
    options = {
        name: str(tmp_path / "none") for name in ("data_folder_in", "data_folder_out", "control_folder")
    }
    connection = Connection("filesystem://localhost", transport=Transport, transport_options=options)
    with connection, pytest.raises((OSError, OperationalError)):
        connection.SimpleQueue("work").put({})
