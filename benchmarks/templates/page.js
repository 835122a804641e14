"use strict";
// Filters over tables that are all there already, and the theme. Without this script the page shows everything.
(() => {
  const byId = (id) => document.getElementById(id);
  const FILTERS = ["scenario", "tier", "contender"];
  const form = byId("filters");
  const scenarios = [...document.querySelectorAll(".scenario")].map((element) => ({
    element,
    name: element.dataset.scenario,
    open: element.open,
    tables: [...element.querySelectorAll("table")].map((table) => ({
      element: table.closest(".scroll") ?? table,
      rows: [...table.querySelectorAll("tbody tr")].map((row) => ({
        element: row,
        tier: row.dataset.tier ?? table.dataset.tier,
        label: row.dataset.label.toLowerCase(),
      })),
    })),
  }));
  const total = document.querySelectorAll(".scenario tbody tr").length;

  // `msgpack | pure python` shows the rows of either; words of one of them all have to match.
  const asked = (text) =>
    text.toLowerCase().split("|").map((part) => part.split(/\s+/).filter(Boolean)).filter((words) => words.length);

  const update = () => {
    const [scenario, tier, contender] = FILTERS.map((name) => byId(name).value.trim());
    const contenders = asked(contender);
    const matches = (label) => !contenders.length || contenders.some((words) => words.every((word) => label.includes(word)));
    const filtered = Boolean(scenario || tier || contender);
    let shown = 0;
    for (const one of scenarios) {
      let ofScenario = 0;
      for (const table of one.tables) {
        let ofTable = 0;
        for (const row of table.rows) {
          const wanted = (!scenario || one.name === scenario) && (!tier || row.tier === tier);
          row.element.hidden = !(wanted && matches(row.label));
          ofTable += !row.element.hidden;
        }
        table.element.hidden = !ofTable;
        ofScenario += ofTable;
      }
      one.element.hidden = !ofScenario;
      one.element.open = filtered ? ofScenario > 0 : one.open;
      shown += ofScenario;
    }
    byId("found").textContent = `${shown.toLocaleString("en")} of ${total.toLocaleString("en")} rows`;
    byId("none").hidden = shown > 0;
  };

  const remember = () => {
    const set = FILTERS.map((name) => [name, byId(name).value]).filter(([, value]) => value);
    try {
      history.replaceState(null, "", set.length ? `#${new URLSearchParams(set)}` : "#benchmarks");
    } catch {
      // A page in a frame without an address of its own has nothing to remember it in.
    }
  };

  const choose = (values) => {
    for (const name of FILTERS) byId(name).value = values[name] ?? "";
    update();
  };

  form.addEventListener("input", () => {
    update();
    remember();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    choose({});
    remember();
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

  form.hidden = false;
  const wanted = location.hash.includes("=") ? Object.fromEntries(new URLSearchParams(location.hash.slice(1))) : {};
  choose(wanted);
  if (Object.keys(wanted).length) byId("benchmarks").scrollIntoView();
})();
