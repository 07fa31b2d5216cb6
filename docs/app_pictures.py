"""Draw docs/_static/app_*.png, the pictures of the app, in a headless Chromium."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parent / "_static"
ADDRESS = "http://127.0.0.1:8591"


def go_to(page: Page, name: str) -> None:
    """Go to a page and wait until it is drawn."""
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", name=name, level=1).wait_for()
    page.wait_for_timeout(4_000)


def take(page: Page, first: str, last: str, name: str) -> None:
    """Save what stands from one heading to another."""
    page.set_viewport_size({"width": 1180, "height": 6_000})
    page.wait_for_timeout(3_000)
    top, bottom = (
        page.get_by_role("heading", name=heading, exact=True).bounding_box()
        for heading in (first, last)
    )
    height = bottom["y"] - top["y"]
    clip = {"x": 350, "y": top["y"] - 8, "width": 780, "height": height}
    page.screenshot(path=FOLDER / name, clip=clip)


server = subprocess.Popen(
    [
        *(sys.executable, "-m", "segmentlearn", "app", "--demo", "--no-browser"),
        *("--port", ADDRESS.rpartition(":")[2]),
    ],
    stderr=subprocess.PIPE,
    text=True,
)
assert "Ctrl-C" in server.stderr.readline()
try:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1180, "height": 900})
        page.set_default_timeout(300_000)
        page.goto(ADDRESS)
        go_to(page, "Find segments")
        page.get_by_role("button", name="Find segments").click()
        page.get_by_role("heading", name="What is in them").wait_for()
        page.get_by_text("Done: finding segments").wait_for()
        take(page, "Segments", "Do they come back?", "app_segments.png")
        page.set_viewport_size({"width": 1180, "height": 900})
        go_to(page, "Understand")
        for at, name in enumerate(
            ("Everyday", "Earn and spend", "Earn and save", "Young", "Careful")
        ):
            page.get_by_role("textbox", name=re.compile(f"Segment {at}")).fill(name)
        page.get_by_role("button", name="Keep these names").click()
        page.get_by_text("The names are kept").wait_for()
        page.wait_for_timeout(3_000)
        take(page, "Portrait", "Typical customers", "app_understand.png")
        browser.close()
finally:
    server.terminate()
