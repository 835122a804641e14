"""The headless Chromium of the conformance suite's page."""

from conformance.browser.tests.conftest import browser, tab

__all__ = ["browser", "tab"]
