
"use strict";
// The list of cases. Only text nodes are made of data, never markup: what a testee wrote stays text.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const titles = JSON.parse(document.getElementById("titles").textContent);
  const texts = JSON.parse(document.getElementById("texts").textContent);
  const PAGE = 100;
  const ROW = innerWidth < 640 ? 8 : 16;
  const BYTES_SHOWN = 64;
  const NAMES = { p: "pass", f: "fail", e: "error", s: "skip", "-": "not run" };
  const WORST_FIRST = "efsp-";
  const FILTERS = ["text", "verdict", "rule", "group", "run"];
  const byId = (id) => document.getElementById(id);
  const [list, found, more, form] = ["list", "found", "more", "filters"].map(byId);

  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  // What was found at a case by each run, and what a search looks through.
  for (const [index, item] of data.cases.entries()) {
    item.found = data.runs.map((run) => run.found[index] ?? {});
    const reasons = item.found.map((each) => each.reason ?? "");
    item.searched = [item.id, item.comment, item.op, ...item.rules, ...reasons].join("\n").toLowerCase();
    item.worst = Math.min(...[...item.verdicts].map((letter) => WORST_FIRST.indexOf(letter)));
    item.counts = item.found.some((each) => each.counts);
  }
  data.cases.sort((a, b) => b.counts - a.counts || a.worst - b.worst);

  const verdictOf = (item, run) => {
    const name = NAMES[item.verdicts[run]];
    if (item.found[run].known === undefined) return [name === "not run" ? "skip" : name, name];
    return item.found[run].counts ? ["fail", "passed, but is a known failure"] : ["known", `known ${name}`];
  };

  // --- one case

  const hexTable = (item, [message, field, length, parts], mark) => {
    const text = item[message][field];
    const kept = Math.min(2 * length, data.textKept);
    const body = element("tbody");
    let offset = 0;
    for (const [size, label] of parts) {
      const cell = element("td", { class: "bytes" });
      const shown = Math.max(0, Math.min(size, BYTES_SHOWN, kept / 2 - offset));
      for (let at = offset; at < offset + shown; at += ROW) {
        if (at > offset) cell.append(element("br"));
        const end = Math.min(at + ROW, offset + shown);
        if (mark >= at && mark < end) {
          const byte = element("mark", { title: "first difference" }, text.slice(2 * mark, 2 * mark + 2));
          cell.append(text.slice(2 * at, 2 * mark), byte, text.slice(2 * mark + 2, 2 * end));
        } else {
          cell.append(text.slice(2 * at, 2 * end));
        }
      }
      if (shown < size) cell.append(element("br"), `... ${size} bytes in all`);
      const start = element("th", { scope: "row", class: "number" }, String(offset));
      body.append(element("tr", {}, start, cell, element("td", {}, data.labels[label])));
      offset += size;
    }
    if (offset < length) body.append(element("tr", {}, element("td"), element("td", {}, `... ${length} bytes in all`)));
    if (!length) body.append(element("tr", {}, element("td", {}, "no byte")));
    return element("table", { class: "hex" }, body);
  };

  const json = (fields) => {
    const lines = Object.entries(fields).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
    return element("pre", {}, `{\n${lines.join(",\n")}\n}`);
  };

  const differences = (rows) => {
    const head = ["Field", "Expected", "Got"].map((name) => element("th", { scope: "col" }, name));
    const body = element("tbody");
    for (const { field, expected, got, note } of rows) {
      body.append(
        element(
          "tr",
          {},
          element("th", { scope: "row" }, field, ...(note ? [element("br"), element("span", { class: "quiet" }, note)] : [])),
          element("td", { class: "expected", "data-name": "expected" }, expected),
          element("td", { class: "got", "data-name": "got" }, got),
        ),
      );
    }
    return element("table", { class: "differences" }, element("thead", {}, element("tr", {}, ...head)), body);
  };

  // The bytes around a difference side by side; those that differ are marked.
  const marked = (bytes, other) => {
    const cell = element("td", { class: "bytes" });
    for (let at = 0; at < bytes.length; at += 2) {
      const byte = bytes.slice(at, at + 2);
      cell.append(byte === other.slice(at, at + 2) ? byte : element("mark", {}, byte), " ");
    }
    return cell;
  };

  const parting = ({ field, note, rows }) => {
    const heads = ["offset", "expected", "got", "field"].map((name) => element("th", { scope: "col" }, name));
    const body = element("tbody");
    for (const [offset, expected, got, label] of rows) {
      const start = element("th", { scope: "row", class: "number" }, String(offset));
      body.append(element("tr", {}, start, marked(expected, got), marked(got, expected), element("td", {}, label)));
    }
    const table = element("table", { class: "hex plain" }, element("thead", {}, element("tr", {}, ...heads)), body);
    return [element("p", {}, `${field}: ${note}`), element("div", { class: "wide" }, table)];
  };

  const alone = (line) => {
    const copy = element("button", { type: "button", "aria-label": "Copy the line that runs this case alone" }, "Copy");
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(line);
        copy.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(copy.previousSibling);
      }
    });
    return element("div", { class: "alone" }, element("pre", {}, line), copy);
  };

  const lineOf = (item, run) => `${data.runs[run].alone} ${item.quoted ?? item.id}`;

  const passed = (item, runs) => {
    const lines = runs.map((run) => [element("h4", {}, data.runs[run].label), alone(lineOf(item, run))]).flat();
    const block = element("div", { class: "finding pass" });
    const names = runs.map((run) => data.runs[run].label).join(", ");
    block.append(element("p", {}, element("span", { class: "verdict pass" }, "pass"), ` ${names}`));
    block.append(element("details", {}, element("summary", {}, "Run it alone"), ...lines));
    return block;
  };

  const finding = (item, run) => {
    const it = item.found[run];
    const [kind, text] = verdictOf(item, run);
    const block = element("div", { class: `finding ${kind}` });
    block.append(element("h3", {}, `${data.runs[run].label}: `, element("span", { class: `verdict ${kind}` }, text)));
    if (it.known !== undefined) block.append(element("p", {}, `Known failure: ${it.known}`));
    if (it.reason && !it.differences) block.append(element("p", {}, it.fault ? `${it.fault}: ${it.reason}` : it.reason));
    const excerpts = (it.differences ?? []).filter((each) => !each.rows);
    if (excerpts.length) block.append(differences(excerpts));
    for (const each of it.differences ?? []) if (each.rows) block.append(...parting(each));
    if (it.stderr) block.append(element("h4", {}, "End of standard error"), element("pre", {}, it.stderr));
    if (it.fault || it.differences || it.counts) block.append(alone(lineOf(item, run)));
    return block;
  };

  const ruleText = (rule) => {
    const summary = element("summary", {}, `${rule} ${titles[rule] ?? ""}`);
    return element("details", { class: "rule-text quiet" }, summary, ...texts[rule].map((text) => element("p", {}, text)));
  };

  const inside = (item) => {
    const block = element("div", { class: "inside" });
    block.append(...item.rules.map(ruleText));
    if (item.features.length) block.append(element("p", { class: "quiet" }, `Needs ${item.features.join(", ")}`));
    const runs = [...data.runs.keys()].filter((run) => item.verdicts[run] !== "-");
    const simplyPassed = runs.filter((run) => verdictOf(item, run)[1] === "pass");
    for (const run of runs.filter((run) => !simplyPassed.includes(run))) block.append(finding(item, run));
    if (simplyPassed.length) block.append(passed(item, simplyPassed));
    const mark = item.found.map((it) => it.at).find((at) => at !== undefined) ?? -1;
    for (const wire of item.wires) {
      const [message, field, length] = wire;
      const which = message === "request" ? "the request" : "the expected reply";
      block.append(element("h3", {}, `${field} of ${which}, ${length} bytes`));
      block.append(hexTable(item, wire, message === "expect" ? mark : -1));
    }
    block.append(element("h3", {}, "Request"), json({ op: item.op, ...item.request }));
    block.append(element("h3", {}, "Expected reply"), json(item.expect));
    return block;
  };

  const row = (item) => {
    const summary = element("summary", {}, element("span", { class: "id" }, item.id));
    summary.append(element("span", { class: "comment" }, item.comment));
    const kinds = data.runs.map((_, run) => verdictOf(item, run));
    const counts = new Map();
    for (const [kind, text] of kinds) counts.set(text, { kind, number: (counts.get(text)?.number ?? 0) + 1 });
    for (const [text, { kind, number }] of counts) {
      summary.append(element("span", { class: `verdict ${kind}` }, number > 1 ? `${number} ${text}` : text));
    }
    const details = element("details", { class: "case", "data-case": item.id }, summary);
    details.addEventListener("toggle", () => {
      if (details.open && details.childElementCount === 1) details.append(inside(item));
    });
    return details;
  };

  // --- the list

  const state = () => Object.fromEntries(FILTERS.map((name) => [name, byId(name)?.value ?? ""]));

  const matches = (item, { text, verdict, rule, group, run }) => {
    if (group && item.group !== group) return false;
    if (rule && !item.rules.includes(rule)) return false;
    if (!text.toLowerCase().split(/\s+/).every((word) => item.searched.includes(word))) return false;
    return [...item.verdicts].some((letter, index) => {
      if (letter === "-" || (run && Number(run) !== index)) return false;
      if (!verdict) return true;
      if (verdict === "wrong") return item.found[index].counts === true;
      if (verdict === "known") return item.found[index].known !== undefined;
      return NAMES[letter] === verdict;
    });
  };

  let matching = [];
  const showMore = () => {
    const from = list.childElementCount;
    list.append(...matching.slice(from, from + PAGE).map(row));
    const left = matching.length - list.childElementCount;
    more.hidden = left <= 0;
    more.textContent = `Show ${Math.min(left, PAGE)} more of ${left}`;
    return list.children[from];
  };

  const remember = (filters) => {
    const set = Object.entries(filters).filter(([, value]) => value);
    const hash = set.length ? `#${new URLSearchParams(set)}` : "#cases";
    try {
      history.replaceState(null, "", hash);
    } catch {
      // A page in a frame without an address of its own has nothing to remember it in.
    }
  };

  const update = () => {
    const filters = state();
    matching = data.cases.filter((item) => matches(item, filters));
    list.replaceChildren();
    showMore();
    found.textContent = `${matching.length.toLocaleString("en")} of ${data.cases.length.toLocaleString("en")} cases`;
    return filters;
  };

  const set = (filters) => {
    for (const name of FILTERS) if (byId(name)) byId(name).value = filters[name] ?? "";
    remember(update());
  };

  form.addEventListener("input", () => remember(update()));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    set({});
  });
  more.addEventListener("click", () => showMore()?.firstElementChild.focus());
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-rule]");
    if (!button) return;
    set({ ...button.dataset });
    byId("cases").scrollIntoView();
    form.querySelector("input").focus({ preventScroll: true });
  });

  // --- the theme: as the system has it, light or dark; `?theme=dark` sets it too

  const THEMES = ["system", "light", "dark"];
  let theme = new URLSearchParams(location.search).get("theme") ?? "system";
  const useTheme = (name) => {
    theme = THEMES.includes(name) ? name : "system";
    document.documentElement.dataset.theme = theme;
    byId("theme").textContent = `Theme: ${theme}`;
  };
  byId("theme").addEventListener("click", () => useTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]));
  useTheme(theme);

  const wanted = location.hash.includes("=") ? Object.fromEntries(new URLSearchParams(location.hash.slice(1))) : null;
  if (wanted) {
    for (const name of FILTERS) if (byId(name)) byId(name).value = wanted[name] ?? "";
  }
  update();
  if (wanted) byId("cases").scrollIntoView();
})();
