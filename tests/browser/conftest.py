"""Chromium, an http server, and the way to open a page in them."""

from __future__ import annotations

import functools
import importlib.util
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from browsing import PAGE, Show, Shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

HOST: Final = "host.html"
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--require-browser", action="store_true", help="fail instead of skipping where there is no Chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A headless Chromium; the tests that need it are skipped, loudly, where there is none."""
    executable = shutil.which("chromium")
    lacks = [
        *([] if executable else ["no `chromium` on the PATH: apt-get install chromium"]),
        *(
            f"no Python package {name}: pip install --group browser"
            for name in ("playwright", "axe_playwright_python")
            if importlib.util.find_spec(name) is None
        ),
    ]
    if lacks:
        reason = f"THE PAGE WAS NOT TESTED IN A BROWSER ({'; '.join(lacks)}); make test-browser does it"
        if request.config.getoption("--require-browser", False):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield browser
        browser.close()


class _Server(ThreadingHTTPServer):
    """Serves a folder and remembers what it was asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))
        self.paths: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(SimpleHTTPRequestHandler):
    server: _Server

    def end_headers(self) -> None:
        # times of modification have whole seconds, in which a page may change more than once
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        self.server.paths.append(self.path)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[_Server]:
    """An http server for the test's folder."""
    with _Server(tmp_path) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.05,))
        thread.start()
        yield http
        http.shutdown()
        thread.join()


@pytest.fixture
def show(chromium: Browser, tmp_path: Path, server: _Server) -> Iterator[Show]:
    """Opens a page: `show(html, place, **options of the browser context)`; SERVER in it becomes the server's address."""
    contexts: list[BrowserContext] = []

    def open_page(html: str, place: str = "disk", **options: Any) -> Shown:
        (tmp_path / PAGE).write_text(html.replace("SERVER", server.address), encoding="utf-8")
        (tmp_path / HOST).write_text(
            '<!doctype html><link rel="icon" href="data:,"><title>host</title>'
            f'<iframe sandbox="allow-scripts" src="{PAGE}" width="1000" height="700"></iframe>'
        )
        framed = place.endswith("frame")
        root = server.address if place.startswith("http") else tmp_path.as_uri()
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        shown = Shown(page, page.main_frame, tmp_path, served=server.paths)
        page.on("console", lambda message: shown.noise.append(message.text))
        page.on("pageerror", lambda error: shown.noise.append(str(error)))
        page.on("requestfailed", lambda request: shown.noise.append(request.url))
        own = {f"{root}/{PAGE}", f"{root}/{HOST}"}
        page.on(
            "request",
            lambda request: None if request.url in own or _is_inline(request.url) else shown.requests.append(request.url),
        )
        page.goto(f"{root}/{HOST if framed else PAGE}")
        if framed:
            shown.frame = page.frames[1]
            shown.frame.wait_for_load_state()
        return shown

    yield open_page
    for context in contexts:
        context.close()


def _is_inline(url: str) -> bool:
    return url.startswith("data:")
