"""From a code in front of the camera to the verdict on the screen, in Chromium on real film."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import which
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.test import Client

from benchmarks import server, world
from clearance.lane.access import CHOSEN_CHECKPOINT, CHOSEN_LANE
from clearance.models import Duty, Policy, Posting
from ferry.models import Checkpoint, User
from tests.browser.films import HD, VGA, code, film, scene

if TYPE_CHECKING:
    from PIL.Image import Image

TIMES = 20
FRAMES_A_SECOND = 15
#: So many that each has been away long enough: when the film begins again, each is another scan.
CODES = 4
SHOWN_S, GONE_S = 1.0, 0.8
#: Beside each code a white square stands in the picture's corner, so that the page sees when a code comes.
MARK = 16

#: Kept in the page: when the mark came into the picture, and when the next verdict was drawn.
WATCH = """
window.took = [];
let cameAt = null, wasThere = false;
const eye = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
const look = (video) => {
  eye.drawImage(video, 0, 0, 8, 8, 0, 0, 1, 1);
  const isThere = eye.getImageData(0, 0, 1, 1).data[0] > 200;
  if (isThere && !wasThere) cameAt = performance.now();
  wasThere = isThere;
  video.requestVideoFrameCallback(() => look(video));
};
document.addEventListener('DOMContentLoaded', () => {
  const video = document.querySelector('video');
  video.requestVideoFrameCallback(() => look(video));
  new MutationObserver(() => requestAnimationFrame(() => {
    if (cameAt === null || document.querySelector('#verdict [data-verdict=wait]')) return;
    window.took.push(performance.now() - cameAt);
    cameAt = null;
  })).observe(document.querySelector('#verdict'), { childList: true });
});
"""


def measure() -> None:
    from playwright.sync_api import sync_playwright

    os.environ["OFFICERS_NEED_MFA"] = "off"
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
    subprocess.run(collect, check=True)
    texts = world.ready_trips(2 * CODES)
    Policy.objects.update(examined_share=0)
    session = _session()
    with server.web(), sync_playwright() as playwright, TemporaryDirectory() as folder:
        for size, shown in ((VGA, texts[:CODES]), (HD, texts[CODES:])):
            took = _took(playwright, session, _film(Path(folder), size, shown))
            print(
                f"code to verdict at {size[0]}×{size[1]:<8}{median(took):>15,.0f} ms median of {len(took)}, "
                f"{min(took):,.0f}–{max(took):,.0f}"
            )


def _film(folder: Path, size: tuple[int, int], texts: list[str]) -> Path:
    """Film a row of cars: a code, nothing, the next code."""
    parts: list[tuple[Image, float]] = []
    for text in texts:
        marked = scene(code(text, size[1] * 6 // 10), size=size)
        marked.paste(255, (0, 0, MARK, MARK))
        parts += [(marked, SHOWN_S), (scene(size=size), GONE_S)]
    return film(folder / f"{size[0]}.y4m", *parts, rate=FRAMES_A_SECOND)


def _took(playwright: Any, session: str, seen: Path) -> list[float]:
    """Stand in a lane until so many verdicts were shown; give the milliseconds each took."""
    fake = ["use-fake-ui-for-media-stream", "use-fake-device-for-media-stream"]
    switches = ["no-sandbox", "disable-gpu", *fake, f"use-file-for-fake-video-capture={seen}"]
    path = os.environ.get("CHROMIUM") or which("chromium") or which("google-chrome")
    browser = playwright.chromium.launch(executable_path=path, args=[f"--{each}" for each in switches])
    context = browser.new_context(viewport={"width": 390, "height": 844})
    address = f"http://localhost:{server.PORT}"
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": address}])
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(f"{address}/lane/")
    page.locator("[data-start]").click()
    took: list[float] = []
    while len(took) <= TIMES:
        page.wait_for_timeout(1000)
        took = page.evaluate("window.took")
    browser.close()
    return took[1 : TIMES + 1]  # The first waits for the decoder to be compiled.


def _session() -> str:
    """Put an officer into lane 3 at Horgos."""
    user, _made = User.objects.get_or_create(email="measured@customs.example")
    checkpoint = Checkpoint.objects.get(code="CN-HORGOS")
    Posting.objects.get_or_create(user=user, checkpoint=checkpoint, defaults={"duty": Duty.OFFICER})
    client = Client()
    client.force_login(user)
    session = client.session
    session[CHOSEN_CHECKPOINT], session[CHOSEN_LANE] = checkpoint.code, "3"
    session.save()
    return str(session.session_key)
