"""The offline list of 20,000 passes, a verdict by it, and 10,000 scans sent over a line that breaks."""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import uuid
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, sync_playwright

from benchmarks import server, world
from clearance.lane.access import CHOSEN_CHECKPOINT, CHOSEN_LANE
from clearance.models import Posting, Scan
from clearance.queries.lists import offline_list
from clearance.rules.offline import table
from ferry.models import Checkpoint, User

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSES, SHOWN, WAITING, CHANGED = 20_000, 500, 10_000, 50
CUT_EVERY_S = 2
SOURCE = Path(settings.BASE_DIR) / "static" / "src" / "offline"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")

#: As different from each other as real ones are, or packing them would flatter.
DIFFERENT = (
    """UPDATE ferry_vehicle SET
        vin = translate('L' || upper(substr(md5('v' || id), 1, 9)), 'OIQ', 'XYZ')
            || lpad((id * 7919 %% 9999991)::text, 7, '0'),
        make = (ARRAY['BYD', 'Chery', '比亚迪', 'Geely', 'LiXiang', 'LiuGong', 'NIO'])[1 + id %% 7],
        model = (ARRAY['Song Plus', 'Tiggo 8', '宋', 'Monjaro', 'L9', '856H', 'ET5'])[1 + (id / 3) %% 7],
        colour = (ARRAY['white', 'black', 'grey', 'blue', 'red'])[1 + id %% 5]
    WHERE id > %(after)s""",
    """UPDATE ferry_driver SET passport_number = 'E' || lpad((id * 104729 %% 99999989)::text, 8, '0'),
        name = (ARRAY['马', '李', '王', 'Aman', 'Guljan', 'Иван', '阿依古丽'])[1 + id %% 7] || ' '
            || (ARRAY['军', '娜', '伟', 'Bek', 'Serik', 'Петров', '芳', '建国'])[1 + (id / 5) %% 8]
    WHERE id > %(after)s""",
    """UPDATE ferry_trip SET reference = 'F' || upper(substr(md5('t' || id), 1, 8)),
        opens_at = opens_at + (id %% 40) * interval '1 hour',
        closes_at = closes_at + (id %% 40) * interval '1 hour'
    WHERE id > %(after)s""",
    """UPDATE ferry_pass pass SET vin = vehicle.vin, short_code = upper(substr(md5('s' || pass.id), 1, 9)),
        opens_at = trip.opens_at, closes_at = trip.closes_at
    FROM ferry_trip trip JOIN ferry_vehicle vehicle ON vehicle.id = trip.vehicle_id
    WHERE trip.id = pass.trip_id AND trip.id > %(after)s""",
)
HAPPENED = """
INSERT INTO ferry_tripevent (trip_id, kind, at, recorded_at, by, data)
SELECT id, 'issued', now(), now() + interval '2 minutes', 'measured', '{}' FROM ferry_trip LIMIT %s
"""


def measure() -> None:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # The browser is driven from this thread.
    checkpoint = Checkpoint.objects.get(code="CN-HORGOS")
    texts = world.ready_trips(WAITING)
    world.ready_trips(PASSES - WAITING)
    with connection.cursor() as cursor:
        for statement in DIFFERENT:
            cursor.execute(statement, {"after": WAITING})
    world.analyze()
    measure_the_list(checkpoint, texts)
    measure_the_upload(checkpoint, texts)


def measure_the_list(checkpoint: Checkpoint, texts: list[str]) -> None:
    at = timezone.now()
    whole, took = _built(checkpoint, since=None, at=at)
    raw, packed = _sizes(whole)
    print(
        f"offline list of {len(whole['passes']):,} passes: {packed / 1e6:.2f} MB sent "
        f"({raw / 1e6:.1f} unpacked), built in {took:.2f} s"
    )
    with connection.cursor() as cursor:
        cursor.execute(HAPPENED, [CHANGED])
    delta, took = _built(checkpoint, since=at + timedelta(minutes=1), at=at + timedelta(minutes=3))
    raw, packed = _sizes(delta)
    print(
        f"  what {len(delta['passes'])} changes make of it: {packed / 1e3:.1f} kB sent, built in {took:.2f} s"
    )
    with TemporaryDirectory() as folder:
        file = Path(folder) / "list.json"
        content = {"list": whole, "table": table(), "texts": texts[:SHOWN], "at": int(at.timestamp() * 1000)}
        file.write_text(json.dumps(content))
        ran = subprocess.run(
            ["node", str(Path(__file__).with_name("offline.js")), str(file)],
            capture_output=True,
            text=True,
            check=True,
        )
    said = json.loads(ran.stdout)
    print(
        f"  in JavaScript: indexed in {said['built']:.0f} ms, lookup {said['lookup']:.3f} ms (p99), "
        f"code to verdict {said['verdict']:.2f} ms, p99 {said['worst']:.1f} ms"
    )


def _built(checkpoint: Checkpoint, **asked: Any) -> tuple[dict[str, Any], float]:
    start = perf_counter()
    content = offline_list(checkpoint, **asked)
    return content, perf_counter() - start


def _sizes(content: dict[str, Any]) -> tuple[int, int]:
    raw = json.dumps(content).encode()
    return len(raw), len(gzip.compress(raw, compresslevel=6))


# --- The upload ------------------------------------------------------------------------------------


def measure_the_upload(checkpoint: Checkpoint, texts: list[str]) -> None:
    session = _officers_session(checkpoint)
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], check=True)
    with server.web(), a_line_that_is_cut() as line, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(base_url=f"http://localhost:{line.port}")
        cookie = {
            "name": settings.SESSION_COOKIE_NAME,
            "value": session,
            "url": f"http://localhost:{line.port}",
        }
        context.add_cookies([cookie])
        _serve_the_source(context)
        page = context.new_page()
        page.goto("/lane/manifest.webmanifest")
        at = timezone.now()
        scans = [
            _waiting(text, at - timedelta(seconds=WAITING - number)) for number, text in enumerate(texts)
        ]
        took = page.evaluate(FILL, [checkpoint.code, scans])
        line.cut_every(CUT_EVERY_S)
        start = perf_counter()
        _open(page)
        while Scan.objects.count() < WAITING and perf_counter() - start < 900:
            sleep(0.5)
        sent = perf_counter() - start
        line.cut_every(None)
        page.locator("[data-queue]:empty").wait_for(state="attached", timeout=60_000)
        browser.close()
    order = Scan.objects.order_by("pk").values_list("scan_id", flat=True)
    in_order = [str(scan_id) for scan_id in order] == [scan["scan_id"] for scan in scans]
    print(f"{WAITING:,} scans kept on the device at {took:.1f} ms each")
    print(
        f"  sent in {sent:.0f} s over a line cut every {CUT_EVERY_S} s ({line.cuts} cuts): "
        f"{Scan.objects.count():,} stored, {'in' if in_order else 'OUT OF'} order"
    )


def _open(page: Page) -> None:
    """Open the page, however often the line breaks meanwhile."""
    for _try in range(50):
        with suppress(Exception):
            page.goto("/lane/offline/", timeout=5000)
            return


def _officers_session(checkpoint: Checkpoint) -> str:
    user = User.objects.create(email="measured.officer@ferryman.example")
    user.set_unusable_password()
    user.save()
    Posting.objects.create(user=user, checkpoint=checkpoint)
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[0]
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session[CHOSEN_CHECKPOINT], session[CHOSEN_LANE] = checkpoint.code, "1"
    session.create()
    return str(session.session_key)


def _waiting(text: str, at: Any) -> dict[str, Any]:
    return {
        "scan_id": str(uuid.uuid4()),
        "code": text,
        "lane": "1",
        "scanned_at": at.isoformat(),
        "verdict": "release",
        "list_age_s": 600,
        "badge": "",
        "trip": "",
    }


def _serve_the_source(context: BrowserContext) -> None:
    def answer(route: Any) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        route.fulfill(body=(SOURCE / name).read_text(), content_type="text/javascript")

    context.route("**/source-of-offline/*.js", answer)


#: Seal and store scans as the page does, and say how long each took.
FILL = """async ([checkpoint, scans]) => {
    const { Keeper } = await import('/source-of-offline/keeper.js');
    const { Queue } = await import('/source-of-offline/queue.js');
    const addresses = { session: '/lane/offline/session/' };
    const keeper = new Keeper({ checkpoint: { code: checkpoint }, addresses, table: {} });
    await keeper.greet();
    const queue = new Queue(checkpoint);
    queue.keys = keeper.queueKeys;
    const began = performance.now();
    for (const scan of scans) await queue.add({ ...scan, badge: keeper.session.badge });
    return (performance.now() - began) / scans.length;
}"""


class Line:
    """A way to the server through which every connection can be cut."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open: list[socket.socket] = []
        self.cuts = 0
        self.every: float | None = None
        self.over = Event()

    def cut_every(self, seconds: float | None) -> None:
        self.every = seconds

    def cut(self) -> None:
        while not self.over.wait(self.every or 0.2):
            if self.every:
                self.cuts += 1
                for one in self.open:
                    with suppress(OSError):
                        one.shutdown(socket.SHUT_RDWR)
                self.open.clear()

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self.listener.accept()
                upstream = socket.create_connection(("127.0.0.1", server.PORT))
                self.open += [client, upstream]
                for one, other in ((client, upstream), (upstream, client)):
                    Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    for each in (one, other):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextmanager
def a_line_that_is_cut() -> Iterator[Line]:
    line = Line()
    for work in (line.accept, line.cut):
        Thread(target=work, daemon=True).start()
    try:
        yield line
    finally:
        line.over.set()
        line.listener.close()
