"""The server: settings that keep it safe, its end, and the whole path in a browser."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pandas as pd
import pytest

from segmentlearn.app import AppOptions, serve
from segmentlearn.exceptions import SegmentLearnError
from tests.command_line import run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAGES = ("Data", "Find segments", "Understand", "Known segments", "Score", "Take away")
_SECONDS = 300


def test_options_reach_the_pages(monkeypatch):
    """By the environment of the server's process."""
    options = AppOptions(data_dir="/data", demo=True, max_upload=5)
    for name, value in options.to_environment().items():
        monkeypatch.setenv(name, value)
    assert AppOptions.from_environment() == options
    assert options.most_bytes == 5 * 2**20


class Ended:
    """A server that has ended, and how it was started."""

    def __init__(self, command, **_):
        Ended.command = command

    def poll(self):
        return 3

    wait = poll


def test_settings_are_safe_whatever_the_user_has_configured(monkeypatch):
    """This machine alone, no statistics, no foreign pages, no tracebacks."""
    monkeypatch.setattr(subprocess, "Popen", Ended)
    assert serve(AppOptions(max_upload=7)) == 3
    for flag in (
        *("--server.address=127.0.0.1", "--server.enableXsrfProtection=true"),
        *("--browser.gatherUsageStats=false", "--client.showErrorDetails=none"),
        *("--server.maxUploadSize=7", "--client.disableDataExport=true"),
    ):
        assert flag in Ended.command


def test_a_port_that_is_in_use_is_told():
    """Before anything is started."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SegmentLearnError, match=f"--port {port} .* is in use"):
            serve(AppOptions(), port=port)


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [("--data-dir", "nowhere", "is no folder"), ("--archive", "no.seg", "is no file")],
)
def test_wrong_options_are_a_line(option, value, text):
    """Of the command line, with the exit code of bad input."""
    result = run("app", option, value)
    assert result.exit_code == 2
    assert text in result.stderr


@pytest.fixture
def server(tmp_path):
    """The app as it is started from a terminal, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path / "log").open("w+")
    command = [sys.executable, "-m", "segmentlearn", "app", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--no-browser"], stderr=log, env={**os.environ, "DISPLAY": ""}
    )
    deadline = time.monotonic() + _SECONDS
    while (
        time.monotonic() < deadline and "Ctrl-C" not in (tmp_path / "log").read_text()
    ):
        assert process.poll() is None, (tmp_path / "log").read_text()
        time.sleep(0.1)
    yield process, f"http://127.0.0.1:{port}"
    process.terminate()  # killed, it could not end the server
    process.wait(_SECONDS)
    log.close()


@pytest.mark.slow
def test_the_whole_path_in_a_browser(server, tmp_path, mall):
    """Upload, segments, names, download; no error in the console, nothing for axe."""
    sync_api = pytest.importorskip("playwright.sync_api")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    process, address = server
    table = tmp_path / "mall.csv"
    table.write_bytes(mall)
    errors: list[str] = []
    foreign: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        page = browser.new_page(accept_downloads=True)
        page.set_default_timeout(_SECONDS * 1000)
        page.on(
            "console", lambda m: errors.append(m.text) if m.type == "error" else None
        )
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "request",
            lambda r: (
                None
                if r.url.startswith((address, "data:", "blob:"))
                else foreign.append(r.url)
            ),
        )
        page.goto(address)
        page.locator("input[type=file]").first.set_input_files(table)
        page.get_by_role("heading", name="How each column is understood").wait_for()
        go_to(page, "Find segments")
        page.get_by_role("combobox", name=re.compile("Method")).click()
        page.get_by_role("option", name="k-means", exact=True).click()
        page.get_by_role("button", name="Find segments").click()
        page.get_by_role("heading", name="What is in them").wait_for()
        go_to(page, "Understand")
        page.get_by_role("textbox", name=re.compile("Segment 0")).fill(
            "Our <b>best</b>"
        )
        page.get_by_role("button", name="Keep these names").click()
        page.get_by_text("The names are kept").wait_for()
        go_to(page, "Take away")
        with page.expect_download() as waiting:
            page.get_by_role(
                "button", name=re.compile("Download the customers")
            ).click()
        path = pathlib.Path(waiting.value.path())
        scored = pd.read_csv(path)
        found = {}
        for name in PAGES:
            go_to(page, name)
            page.wait_for_timeout(500)
            for violation in axe.run(page).response["violations"]:
                if violation["impact"] in ("serious", "critical"):
                    found[name, violation["id"]] = violation["nodes"][0]["html"]
        browser.close()
    assert len(scored) == 60
    assert "Our <b>best</b>" in set(scored["segment_name"])
    assert not found
    assert not errors
    assert not foreign
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0


def go_to(page, name):
    """Go to a page and wait until it is drawn."""
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", name=name, level=1).wait_for()
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=stSkeleton]')"
        " && !document.querySelector('[data-testid=stStatusWidget]')"
    )
