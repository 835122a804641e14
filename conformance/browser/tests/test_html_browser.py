"""The page of a report in a browser: filters, keyboard, narrow screens, and no complaint on the console."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from flatstream_conformance import page
from flatstream_conformance.run import Plan, run
from flatstream_conformance.suite import load

if TYPE_CHECKING:
    from pathlib import Path

    from browser.tests.conftest import Tab

# Says of itself what would do harm as markup, gets every checksum wrong and crashes in a recovery.
TESTEE = """
import json, os, sys
NAME = "<script>document.title = 'harmed'</script><img src=x onerror=alert(1)>"
START = {"implementation": {"name": NAME, "version": "1", "language": "Python"},
         "algorithms": ["none", "crc32"], "ops": ["start", "checksum", "recover", "declare"], "features": []}
for line in sys.stdin:
    request = json.loads(line)
    if request["op"] == "recover":
        sys.stderr.write("</script>" + NAME)
        sys.stderr.flush()
        os._exit(1)
    answers = {"start": START, "checksum": {"checksum": "00000000"}, "declare": {"accepted": True}}
    print(json.dumps({"seq": request["seq"], **answers[request["op"]]}), flush=True)
"""
ROWS = "document.querySelectorAll('#list > details').length"
TOTAL = f"{len(load().vectors):,}"
STATUS = "document.getElementById('found').textContent"
FOCUS = "document.activeElement"


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of the whole suite for the reference, and of a part of it for a wrong testee."""
    folder = tmp_path_factory.mktemp("report")
    script = folder / "testee.py"
    script.write_text(TESTEE, encoding="utf-8")
    suite = load()
    reference = run(Plan([sys.executable, "-m", "flatstream_conformance.testee"], suite))
    only = ("checksums/crc32/*", "recovery-cuts/none/cut-00*", "declarations/*")
    wrong = run(Plan([sys.executable, str(script)], suite, only=only))
    assert wrong.footer.totals["fail"] > 10
    assert wrong.footer.totals["error"] > 2
    file = folder / "report.html"
    file.write_text(page.render([reference, wrong], suite), encoding="utf-8", newline="\n")
    return file


@pytest.fixture
def opened(tab: Tab, report: Path) -> Tab:
    tab.screen(1280)
    tab.open(report)
    return tab


def focus(tab: Tab, name: str) -> None:
    tab.value(f"document.getElementById({json.dumps(name)}).focus()")


def test_the_page_comes_up_without_complaint_and_loads_nothing_else(opened: Tab, report: Path) -> None:
    assert opened.value(STATUS) == f"{TOTAL} of {TOTAL} cases"
    assert opened.value(ROWS) == 100
    assert opened.complaints() == []
    assert [address for address in opened.requests() if address != "about:blank"] == [report.as_uri()]


def test_what_a_testee_says_is_not_run(opened: Tab) -> None:
    focus(opened, "text")
    opened.type("recovery-cuts/none/cut-000")
    opened.value("document.querySelector('#list summary').click()")
    opened.until("document.querySelector('#list .finding pre') !== null")
    assert "onerror" in opened.value("document.querySelector('#list .finding pre').textContent")
    assert opened.value("document.title").startswith("FlatStream conformance: flatstream, <script>")
    assert opened.value("document.querySelectorAll('img').length") == 0
    assert opened.complaints() == []


def test_typing_into_the_filter_reduces_the_rows(opened: Tab) -> None:
    focus(opened, "text")
    opened.type("crc16 empty")
    found = opened.value(ROWS)
    assert 0 < found < 100
    assert opened.value(STATUS) == f"{found} of {TOTAL} cases"
    texts = opened.value("[...document.querySelectorAll('#list summary')].map((each) => each.textContent)")
    assert all("crc16" in text for text in texts)
    opened.type(" no such case")
    assert opened.value(STATUS) == f"0 of {TOTAL} cases"
    opened.value("document.querySelector('#filters [type=reset]').click()")
    assert opened.value(STATUS) == f"{TOTAL} of {TOTAL} cases"


def test_the_filters_select_together_and_stay_in_the_address(opened: Tab, report: Path) -> None:
    choose = "(name, value) => { const e = document.getElementById(name); e.value = value;"
    choose += " e.dispatchEvent(new Event('input', {bubbles: true})); }"
    for name, value in (("verdict", "fail"), ("rule", "W3"), ("group", "checksums"), ("run", "1")):
        opened.value(f"({choose})({json.dumps(name)}, {json.dumps(value)})")
    status = opened.value(STATUS)
    assert 10 < int(status.split()[0]) < 100
    fragment = opened.value("location.hash")
    assert fragment == "#verdict=fail&rule=W3&group=checksums&run=1"
    opened.open(report, fragment)
    assert opened.value(STATUS) == status


def test_wrong_cases_come_first(opened: Tab) -> None:
    kinds = opened.value(
        "[...document.querySelectorAll('#list summary')].map((e) => e.querySelectorAll('.error').length)"
    )
    assert kinds[0] == 1
    assert kinds == sorted(kinds, reverse=True)


def test_the_keyboard_alone_opens_a_case(opened: Tab) -> None:
    focus(opened, "text")
    opened.type("checksums/crc32/abc")
    for _ in range(20):
        opened.press("Tab")
        if opened.value(f"{FOCUS}.tagName") == "SUMMARY":
            break
    style = opened.value(f"getComputedStyle({FOCUS}).outlineStyle + getComputedStyle({FOCUS}).outlineWidth")
    assert style == "solid3px"
    assert opened.value("document.querySelectorAll('#list .inside').length") == 0
    opened.press("Enter")
    assert opened.value(f"{FOCUS}.parentElement.open") is True
    opened.until("document.querySelector('#list .inside') !== null")
    inside = opened.value("document.querySelector('#list .inside').textContent")
    assert "c2 41 24 35" in inside, "what was expected"
    assert "00 00 00 00" in inside, "what came"
    assert "--only checksums/crc32/abc" in inside
    assert "CRC-32/ISO-HDLC" in inside, "the rule's text"
    assert opened.complaints() == []


def test_the_first_tab_is_the_way_past_the_header(opened: Tab) -> None:
    opened.press("Tab")
    assert opened.value(f"{FOCUS}.getBoundingClientRect().left") >= 0
    opened.press("Enter")
    assert opened.value("location.hash") == "#main"


def test_a_count_of_the_rules_table_lists_its_cases(opened: Tab) -> None:
    opened.value('document.querySelector(\'button[data-rule="C6"][data-run="0"]\').click()')
    assert opened.value(STATUS) == f"{len(load().select(['C6']))} of {TOTAL} cases"
    assert opened.value("document.getElementById('cases').getBoundingClientRect().top") < 100


def test_more_rows_come_when_asked_for(opened: Tab) -> None:
    focus(opened, "more")
    opened.press("Enter")
    assert opened.value(ROWS) == 200
    assert opened.value(f"{FOCUS}.parentElement === document.querySelectorAll('#list > details')[100]") is True


@pytest.mark.parametrize("width", [320, 400, 768, 1280])
def test_nothing_is_wider_than_the_screen(tab: Tab, report: Path, width: int) -> None:
    tab.screen(width)
    tab.open(report)
    tab.value("document.querySelectorAll('#list summary, article summary').forEach((each) => each.click())")
    tab.until("document.querySelectorAll('#list .inside').length === 100")
    assert tab.value("document.documentElement.scrollWidth") <= width
    first_columns = "[...document.querySelectorAll('main > section > .scroll th[scope=row]')]"
    assert min(tab.value(f"{first_columns}.map((each) => each.offsetWidth)")) > 100, "a column is squeezed"
    assert tab.complaints() == []


def test_the_theme_is_the_system_s_until_it_is_chosen(tab: Tab, report: Path) -> None:
    back = "getComputedStyle(document.body).backgroundColor"
    tab.screen(1280, scheme="dark")
    tab.open(report)
    dark = tab.value(back)
    focus(tab, "theme")
    tab.press("Enter")
    assert tab.value("document.getElementById('theme').textContent") == "Theme: light"
    light = tab.value(back)
    tab.screen(1280, scheme="light")
    tab.open(report)
    assert tab.value(back) == light != dark
    tab.open(report, "?theme=dark")
    assert tab.value(back) == dark
