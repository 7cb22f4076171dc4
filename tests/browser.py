"""A headless Chromium: one for each file of tests, and for each test a page that knows nothing of the others'."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

ARTIFACTS = Path(__file__).resolve().parent.parent / "artifacts"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VIEWPORT = {"width": 1300, "height": 1400}
BROWSER_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Lets fixtures see, when they end, whether their test failed."""
    report = yield
    item.failed = getattr(item, "failed", False) or report.failed
    return report


@contextmanager
def open_chromium():
    """A headless Chromium; without one on this machine the test is skipped, or fails in CI."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing; on Debian: apt-get install chromium")
        pytest.skip("no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=BROWSER_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser():
    """The file's Chromium. Not the session's: while Playwright runs, no other test could use asyncio."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def page(request, browser):
    """A page without a past. What it shows when its test fails is kept in artifacts/."""
    with browser.new_context(viewport=VIEWPORT) as context:
        shown = context.new_page()
        yield shown
        keep_if_failed(request, shown)


def keep_if_failed(request, page):
    """Keep what a page shows in artifacts/, if the test has failed."""
    if request.node.failed:
        page.screenshot(path=ARTIFACTS / f"{request.node.name}.png")
