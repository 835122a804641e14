"""The page of a report: whole in one file, what the records say, and deaf to what a testee writes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from flatstream_conformance import page, rules
from flatstream_conformance.suite import load

if TYPE_CHECKING:
    from tests.conftest import Bench

    from flatstream_conformance.records import Records

VOID = {"meta", "input", "br", "link", "img", "hr"}
HOSTILE = '</script><script>alert("x")</script><!--\u2028\u202e&lt;"\'\x1b'
BROKEN = f"""
HOSTILE = {HOSTILE!r}
CLAIMS["implementation"].update(name=HOSTILE, version=HOSTILE, language=HOSTILE, homepage="javascript:alert(1)")
def answer(r):
    if r["op"] == "frame":
        return {{"wire": "0300000000412435616263"}}
    if r["op"] == "recover":
        sys.stderr.write(HOSTILE)
        sys.stderr.flush()
        return {{"errored": HOSTILE}}
    return right(r)
"""


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, tag: str) -> list[Element]:
        """The elements of this tag inside of this one, in order."""
        found = [self] if self.tag == tag else []
        return found + [each for child in self.children for each in child.all(tag)]

    def whole_text(self) -> str:
        return " ".join([self.text.strip(), *(child.whole_text() for child in self.children)]).strip()


class Page(HTMLParser):
    """The tree of a page; an element that is closed out of turn fails the test."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]
        self.feed(html)
        self.close()
        assert self.open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag in {"option", "li", "dt", "dd"} and self.open[-1].tag != tag:
            self.open.pop()
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].text += data

    def all(self, tag: str) -> list[Element]:
        return self.root.all(tag)

    def by_id(self, name: str) -> Element:
        (element,) = [e for e in every(self.root) if e.attributes.get("id") == name]
        return element

    def data(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.by_id("data").text)
        return loaded

    def table(self, name: str) -> Element:
        (found,) = [table for table in self.all("table") if table.attributes["class"] == name]
        return found


def every(element: Element) -> list[Element]:
    return [element, *(each for child in element.children for each in every(child))]


def html_of(bench: Bench, *runs: Records) -> str:
    return page.render(runs, load(bench.folder))


def test_the_page_loads_nothing_and_its_policy_allows_only_its_own_script_and_style(bench: Bench) -> None:
    parsed = Page(html_of(bench, bench.run()))
    assert not {"link", "img", "iframe", "object", "embed", "base"} & {each.tag for each in every(parsed.root)}
    for element in every(parsed.root):
        assert "src" not in element.attributes
        assert not any(name.startswith("on") for name in element.attributes), "no script in an attribute"
        assert "style" not in element.attributes, "the policy would refuse it"
        assert element.tag == "a" or "href" not in element.attributes
    (policy,) = [e.attributes["content"] for e in parsed.all("meta") if "http-equiv" in e.attributes]
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    allowed = re.findall(r"(script|style)-src 'sha256-([^']+)'", policy)
    inline = [("script", e.text) for e in parsed.all("script") if "type" not in e.attributes]
    inline += [("style", e.text) for e in parsed.all("style")]
    digests = [(tag, base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()) for tag, text in inline]
    assert sorted(digests) == sorted(allowed)
    assert not re.search(r"url\(|@import|fetch\(|innerHTML|eval\(", "".join(text for _, text in inline))


def test_what_a_testee_writes_is_text_everywhere(bench: Bench) -> None:
    html = html_of(bench, bench.run(BROKEN))
    assert "<script>alert" not in html
    assert "\u202e" not in html
    assert "\x1b" not in html
    parsed = Page(html)
    assert len(parsed.all("script")) == 4
    assert {a.attributes["href"] for a in parsed.all("a")} == {"#main", "#rules", "#cases", "#coverage", "#speed"}
    (heading,) = [h for h in parsed.all("h2") if "id" not in h.attributes]
    assert heading.text.startswith('</script><script>alert("x")</script><!--\\u2028\\u202e&lt;"\'\\x1b')
    found = [each for run in parsed.data()["runs"] for each in run["found"].values() if "stderr" in each]
    assert found[0]["stderr"].startswith('</script><script>alert("x")</script><!--')
    assert found[0]["reason"].startswith("the testee errored: </script>")


def test_a_homepage_is_a_link_only_if_it_is_a_web_address(bench: Bench) -> None:
    body = 'CLAIMS["implementation"]["homepage"] = "https://example.org/?a=1&b=%22"'
    links = [a for a in Page(html_of(bench, bench.run(body))).all("a") if not str(a.attributes["href"]).startswith("#")]
    assert [(a.attributes["href"], a.attributes["rel"]) for a in links] == [
        ("https://example.org/?a=1&b=%22", "noopener noreferrer")
    ]


def test_the_rules_table_counts_what_the_records_hold(bench: Bench) -> None:
    right, broken = bench.run(), bench.run(BROKEN, features=[], known={"tails/torn": "being repaired"})
    table = Page(html_of(bench, right, broken)).table("matrix")
    rows = {row.all("th")[0].whole_text().split()[0]: row.all("td") for row in table.all("tr") if row.all("td")}
    assert list(rows) == [rule.id for rule in rules.specified()]
    cells = {rule: [" ".join(cell.whole_text().split()) for cell in row] for rule, row in rows.items()}
    assert cells["W3"] == ["✓ 2/2", "✓ 2/2"]
    assert cells["S2"] == ["✓ 1/1", "✗ 0/1"]
    assert cells["C2"] == ["✓ 1/1", "! 0/1"]
    assert cells["R7"] == ["✓ 1/1", "\u2013 1 skipped"]
    assert cells["P6"] == ["·", "·"]
    assert [cell.attributes["class"] for cell in rows["C2"]] == ["pass", "known"]


def test_rules_have_the_titles_of_the_specification(bench: Bench) -> None:
    table = Page(html_of(bench, bench.run())).table("matrix")
    titles = {th.whole_text() for th in table.all("th") if th.attributes.get("scope") == "row"}
    assert "R2 End inside a frame" in titles
    assert len(titles) == len(rules.specified()) == 46


def test_the_coverage_table_counts_vectors_by_rule_and_group(bench: Bench) -> None:
    table = Page(html_of(bench, bench.run(only=("sums/*",)))).table("coverage")
    rows = {row.all("th")[0].whole_text().split()[0]: row for row in table.all("tr") if row.all("td")}
    assert [td.whole_text() for td in rows["W3"].all("td")] == ["2", "sums 2"]
    assert [td.whole_text() for td in rows["C3"].all("td")] == ["1", "tails 1"]
    assert rows["P1"].attributes["class"] == "uncovered"
    assert rows["P1"].all("td")[1].whole_text() == "no vector"


def test_every_case_that_was_selected_has_its_details(bench: Bench) -> None:
    runs = (bench.run(BROKEN, only=("writing/*",)), bench.run(only=("sums/*", "writing/one")))
    data = Page(html_of(bench, *runs)).data()
    verdicts = {case["id"]: case["verdicts"] for case in data["cases"]}
    assert verdicts == {"sums/crc32": "-p", "sums/crc16": "-p", "writing/one": "fp", "writing/over": "f-"}
    (case,) = [case for case in data["cases"] if case["id"] == "writing/one"]
    original = next(vector for vector in bench.vectors if vector["id"] == "writing/one")
    assert (case["request"], case["expect"]) == (original["request"], original["expect"])
    ((message, name, size, parts),) = case["wires"]
    assert (message, name, size) == ("expect", "wire", 11)
    assert [(length, data["labels"][label]) for length, label in parts] == [
        (4, "frame 0 length = 3"),
        (4, "frame 0 crc32"),
        (3, "frame 0 payload"),
    ]
    found = data["runs"][0]["found"][str(data["cases"].index(case))]
    assert found["at"] == 4
    (difference,) = found["differences"]
    assert difference["field"] == "wire"
    assert difference["note"] == "first difference at byte 4, in frame 0 crc32, byte 0 of its 4"
    assert [4, "c2412435", "00412435", "frame 0 crc32"] in difference["rows"]


def test_long_values_are_cut_and_say_so(bench: Bench) -> None:
    suite = load(bench.folder)
    wire = "00" * 5000
    long = replace(suite.vectors[4], request={**suite.vectors[4].request, "wire": wire})
    html = page.render([bench.run()], replace(suite, vectors=(*suite.vectors[:4], long, *suite.vectors[5:])))
    (case,) = [case for case in Page(html).data()["cases"] if case["id"] == long.id]
    assert case["request"]["wire"] == f"{'0' * 1024}... (10000 characters)"
    assert len(case["wires"][0][3]) == 48


def test_speed_and_memory_are_shown_only_of_right_answers(bench: Bench) -> None:
    bench_ops = 'CLAIMS["ops"].append("bench")\ndef right_or_bench(r, real=answer):\n'
    bench_ops += '    return {"ns": 7000000} if r["op"] == "bench" else real(r)\nanswer = right_or_bench'
    right = bench.run(bench_ops)
    assert right.footer.speeds
    right = replace(right, footer=replace(right.footer, peak_memory=3 << 20))
    wrong_totals = right.footer.totals | {"pass": 8, "fail": 1}
    lying = replace(right, footer=replace(right.footer, totals=wrong_totals, exit_status=1))
    rows = Page(html_of(bench, right, lying)).table("speeds").all("tr")
    cells = {row.all("th")[0].whole_text(): [td.whole_text() for td in row.all("td")] for row in rows[1:]}
    assert cells["Peak memory"] == ["3.0 MiB", "wrong answers"]
    assert cells["frame, crc32, 32\xa0B"] == ["700", "\u2013"]


def test_implementations_of_the_same_name_are_told_apart(bench: Bench) -> None:
    first, again = bench.run(), bench.run('CLAIMS["implementation"]["version"] = "1"')
    headings = [h.text for h in Page(html_of(bench, first, again, again)).all("h2") if "id" not in h.attributes]
    assert headings == ["fake 0", "fake 1 (1)", "fake 1 (2)"]


def test_the_page_can_be_read_and_used_without_a_mouse(bench: Bench) -> None:
    parsed = Page(html_of(bench, bench.run()))
    (body,) = parsed.all("body")
    assert body.children[0].attributes["href"] == "#main"
    assert parsed.by_id("main").tag == "main"
    assert all("scope" in th.attributes for th in parsed.all("th"))
    assert parsed.by_id("found").attributes["aria-live"] == "polite"
    ids = Counter(e.attributes["id"] for e in every(parsed.root) if "id" in e.attributes)
    assert set(ids.values()) == {1}
    for label in parsed.all("label"):
        assert len(label.all("input") + label.all("select")) == 1
    named = [e.attributes["aria-labelledby"] for e in every(parsed.root) if "aria-labelledby" in e.attributes]
    assert set(named) <= set(ids)


def channel(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def luminance(colour: str) -> float:
    red, green, blue = (channel(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


PAIRS = [(text, back) for text in ("text", "quiet", "link") for back in ("back", "card", "raised")]
PAIRS += [(kind, back) for kind in ("pass", "fail", "error", "skip", "known") for back in ("card", f"{kind}-back")]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "back"), PAIRS)
def test_the_contrast_of_text_is_that_of_wcag_aa(theme: int, text: str, back: str) -> None:
    style = page._text("page.css")
    colours = {name: pair[theme] for name, *pair in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", style)}
    brighter, darker = sorted((luminance(colours[text]), luminance(colours[back])), reverse=True)
    assert (brighter + 0.05) / (darker + 0.05) >= 4.5
