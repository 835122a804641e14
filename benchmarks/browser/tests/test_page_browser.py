"""The page in a browser: filters, keyboard, narrow screens, themes, and no complaint on the console.

Most of it is tested on a page of made-up records of every kind, so that it does not hang on what was measured last.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks import charts
from benchmarks.environment import ROOT, environment
from benchmarks.page import conformance
from benchmarks.page.render import FILE, render
from benchmarks.tests import invented

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from conformance.browser.tests.conftest import Tab

COMMITTED = ROOT / "reports" / FILE
RECORDS = invented.every(environment())
ROWS = render(RECORDS, None, {}).count("<tr data-label=")
STATUS = "document.getElementById('found').textContent"
SHOWN = "[...document.querySelectorAll('.scenario tbody tr')].filter((row) => !row.hidden)"
FOCUS = "document.activeElement"
OPEN = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
LUMINANCE = """((colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((value) => value / 255)
        .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
})"""
BACK = """((e) => {
    while (getComputedStyle(e).backgroundColor.endsWith(", 0)")) e = e.parentElement;
    return getComputedStyle(e).backgroundColor;
})"""
PLACES = """[...document.querySelectorAll('.contest .dot')]
    .map((e) => [e, e.closest('td')].map((x) => x.getBoundingClientRect()))"""


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / FILE
    results = conformance.read(ROOT / "reports" / conformance.FILE)
    drawings = charts.of_page(charts.files(RECORDS).get)
    file.write_text(render(RECORDS, results, drawings), encoding="utf-8", newline="\n")
    return file


@pytest.fixture
def opened(tab: Tab, page: Path) -> Tab:
    tab.screen(1280)
    tab.open(page)
    return tab


def choose(tab: Tab, name: str, value: str) -> None:
    change = "(name, value) => { const e = document.getElementById(name); e.value = value;"
    change += " e.dispatchEvent(new Event('input', {bubbles: true})); }"
    tab.value(f"({change})({json.dumps(name)}, {json.dumps(value)})")


def focus(tab: Tab, name: str) -> None:
    tab.value(f"document.getElementById({json.dumps(name)}).focus()")


def of_shown(tab: Tab, expression: str) -> Any:
    return tab.value(f"{SHOWN}.map((row) => {expression})")


def test_the_page_comes_up_whole_without_complaint_and_loads_nothing_else(opened: Tab, page: Path) -> None:
    assert opened.value(STATUS) == f"{ROWS:,} of {ROWS:,} rows"
    assert opened.value(f"{SHOWN}.length") == ROWS
    assert opened.complaints() == []
    assert [address for address in opened.requests() if address != "about:blank"] == [page.as_uri()]


def test_a_tier_leaves_its_tables_only(opened: Tab) -> None:
    choose(opened, "tier", "R3")
    tiers = of_shown(opened, "row.closest('table').dataset.tier")
    groups = [group for record in RECORDS.values() for group in record["groups"] if group["tier"] == "R3"]
    assert tiers == ["R3"] * sum(len(group["rows"]) for group in groups)
    assert opened.value(STATUS) == f"{len(tiers)} of {ROWS:,} rows"
    assert of_shown(opened, "row.offsetParent !== null") == [True] * len(tiers), "what was closed is opened"
    headings = "[...document.querySelectorAll('.scenario h3')].filter((e) => e.offsetParent !== null)"
    expected = [name for name, record in RECORDS.items() if any(group["tier"] == "R3" for group in record["groups"])]
    assert len(opened.value(f"{headings}.map((e) => e.id)")) == len(expected)


def test_words_find_contenders_and_a_bar_stands_between_two(opened: Tab) -> None:
    focus(opened, "contender")
    opened.type("msgpack | python pure")
    labels = of_shown(opened, "row.dataset.label")
    assert labels
    assert all("msgpack" in label or "pure Python" in label for label in labels)
    assert {"msgpack", "FlatStream, pure Python"} <= set(labels)
    opened.value("document.querySelector('#filters [type=reset]').click()")
    assert opened.value(f"{SHOWN}.length") == ROWS


def test_filters_stay_in_the_address(opened: Tab, page: Path) -> None:
    choose(opened, "scenario", "tel-100k")
    choose(opened, "tier", "F0")
    choose(opened, "contender", "msgpack")
    status = opened.value(STATUS)
    assert 0 < int(status.split()[0]) < 10
    fragment = opened.value("location.hash")
    assert fragment == "#scenario=tel-100k&tier=F0&contender=msgpack"
    opened.open(page, fragment)
    assert opened.value(STATUS) == status
    assert opened.value("document.getElementById('benchmarks').getBoundingClientRect().top") < 100


def test_nothing_found_is_said(opened: Tab) -> None:
    choose(opened, "contender", "nobody")
    assert opened.value(f"{SHOWN}.length") == 0
    assert opened.value(STATUS) == f"0 of {ROWS:,} rows"
    assert opened.value("document.getElementById('none').offsetParent !== null") is True


def test_the_first_tab_is_the_way_past_the_header(opened: Tab) -> None:
    opened.press("Tab")
    assert opened.value(f"{FOCUS}.getBoundingClientRect().left") >= 0
    opened.press("Enter")
    assert opened.value("location.hash") == "#main"


def test_the_keyboard_reaches_everything_that_can_be_used(opened: Tab) -> None:
    reached = set()
    for _ in range(60):
        opened.press("Tab")
        reached.add(opened.value(f"{FOCUS}.id || {FOCUS}.tagName"))
    assert {"theme", "scenario", "tier", "contender", "BUTTON", "SUMMARY", "A"} <= reached
    assert opened.value("getComputedStyle(document.querySelector(':focus-visible')).outlineStyle") == "solid"


def test_landmarks_headings_and_captions_are_there(opened: Tab) -> None:
    for landmark in ("header", "nav[aria-label]", "main", "form[role=search][aria-label]"):
        assert opened.value(f"document.querySelectorAll({landmark!r}).length") == 1, landmark
    assert opened.value("[...document.querySelectorAll('table')].filter((e) => !e.caption?.textContent).length") == 0
    assert (
        opened.value("[...document.querySelectorAll('main > section')].filter((e) => !e.ariaLabelledByElements).length")
        == 0
    )
    assert opened.value("document.querySelectorAll('svg.chart:not([role=img][aria-label])').length") == 0
    ids = opened.value("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_both_themes(tab: Tab, page: Path, scheme: str) -> None:
    tab.screen(1280, scheme=scheme)
    tab.open(page)
    tab.value(OPEN)
    worst = f"""Math.min(...[...document.querySelectorAll('body *')].filter((e) => e.offsetParent !== null
        && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).map((e) => {{
        const [low, high] = [{LUMINANCE}(getComputedStyle(e).color), {LUMINANCE}({BACK}(e))].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05); }}))"""
    assert tab.value(worst) >= 4.5


@pytest.mark.parametrize("width", [320, 400, 768, 1280])
@pytest.mark.parametrize("which", ["made up", "committed"])
def test_nothing_is_wider_than_the_screen(tab: Tab, page: Path, width: int, which: str) -> None:
    tab.screen(width)
    tab.open(page if which == "made up" else COMMITTED)
    tab.value(OPEN)
    assert tab.value("document.documentElement.scrollWidth") <= width
    assert min(of_shown(tab, "row.querySelector('th').offsetWidth")) > 120, "a column is squeezed"
    inside = (
        f"{PLACES}.every(([dot, cell]) => dot.left >= cell.left - 1 && dot.right <= cell.right + 1 && dot.width > 5)"
    )
    assert tab.value(inside) is True, "a dot is cut"
    assert tab.complaints() == []


def test_the_theme_is_the_system_s_until_it_is_chosen(tab: Tab, page: Path) -> None:
    back = "getComputedStyle(document.body).backgroundColor"
    ink = "getComputedStyle(document.querySelector('svg.chart use, svg.chart path')).fill"
    tab.screen(1280, scheme="dark")
    tab.open(page)
    dark = tab.value(back), tab.value(ink)
    focus(tab, "theme")
    tab.press("Enter")
    assert tab.value("document.getElementById('theme').textContent") == "Theme: light"
    light = tab.value(back), tab.value(ink)
    assert light[0] != dark[0]
    assert light[1] != dark[1]
    tab.screen(1280, scheme="light")
    tab.open(page)
    assert (tab.value(back), tab.value(ink)) == light
    tab.open(page, "?theme=dark")
    assert (tab.value(back), tab.value(ink)) == dark
