"use strict";
(async () => {
  const inflated = async id => {
    const packed = Uint8Array.from(atob(document.getElementById(id).textContent), letter => letter.charCodeAt(0));
    return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const page = JSON.parse(await inflated("data"));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const names = { model: "Model", loop: "Event loop", framework: "Framework", python: "Python", family: "Family" };
  const views = new Map(); // drawn charts by their figure
  const isVisible = new WeakMap(); // whether a figure is near the window
  let chosen = {}; // values that a filter allows, by filter; no entry means all
  let place = ""; // element that the address names
  let isDefault = true; // whether the address says nothing about filters

  const unique = values => [...new Set(values)];
  const inOrder = (one, other) => one.localeCompare(other, "en", { numeric: true }); // 3.9 before 3.10

  // The address: #loop=uvloop,asyncio&family=inet&at=conformance, or a plain #conformance. #filters=none differs from an
  // empty one where the page starts with a filter.
  const decoded = text => { try { return decodeURIComponent(text); } catch { return text; } };
  const readAddress = () => {
    const hash = location.hash.slice(1);
    chosen = {};
    isDefault = !hash.includes("=");
    if (isDefault) { place = decoded(hash); return; }
    const given = new URLSearchParams(hash);
    place = given.get("at") || "";
    for (const name of page.filters) {
      if (given.has(name)) chosen[name] = new Set(given.get(name).split(","));
    }
  };
  const address = () => {
    const words = page.filters.filter(name => chosen[name]).map(name => `${name}=${[...chosen[name]].map(encodeURIComponent).join(",")}`);
    if (!words.length) words.push("filters=none");
    return "#" + [...words, ...(place ? [`at=${encodeURIComponent(place)}`] : [])].join("&");
  };
  const writeAddress = () => history.replaceState(null, "", address());

  const valueOf = (one, name) => one[name] || "none";
  const passes = (one, without = "") => page.filters.every(
    name => name === without || one[name] === undefined || !chosen[name] || chosen[name].has(valueOf(one, name)));

  // Filters
  const servers = [...page.rows.servers, ...page.rows.load, ...page.rows.sizes, ...page.rows.memory, ...page.columns.flat()];
  const form = document.getElementById("filters");
  const summaries = {};
  const element = (name, content, properties = {}) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...content);
    return made;
  };
  const startWithOnePython = () => {
    const count = (name, value) => page.rows.servers.filter(one => one[name] === value).length;
    const most = Math.max(...unique(page.rows.servers.map(one => one.section)).map(section =>
      unique(page.rows.servers.filter(one => one.section === section).map(one => one.server)).length));
    const pythons = unique(page.rows.servers.map(one => one.python));
    if (!isDefault || pythons.length < 2 || most <= page.limits.rows) return;
    chosen.python = new Set([pythons.sort((one, other) => count("python", one) - count("python", other)).pop()]);
  };
  const buildFilters = () => {
    for (const name of page.filters) {
      const values = unique(servers.filter(one => one[name] !== undefined).map(one => valueOf(one, name)));
      if (values.length < 2) continue;
      if (name === "python") values.sort(inOrder);
      summaries[name] = element("summary", []);
      const boxes = values.map(value => {
        const box = element("input", [], { type: "checkbox", name, value });
        return element("label", [box, value]);
      });
      form.append(element("details", [summaries[name], element("fieldset", [element("legend", [names[name]]), ...boxes])]));
    }
    if (!form.children.length) return;
    form.append(element("button", ["Clear filters"], { type: "button", id: "clear" }));
    form.hidden = false;
    form.addEventListener("submit", event => event.preventDefault());
    form.addEventListener("change", () => {
      for (const name of Object.keys(summaries)) {
        const on = [...form.elements].filter(box => box.name === name && box.checked).map(box => box.value);
        if (on.length) chosen[name] = new Set(on); else delete chosen[name];
      }
      writeAddress();
      apply();
    });
    document.getElementById("clear").addEventListener("click", () => { chosen = {}; writeAddress(); apply(); });
    document.addEventListener("click", event => {
      for (const open of form.querySelectorAll("details[open]")) if (!open.contains(event.target)) open.open = false;
    });
    form.addEventListener("keydown", event => {
      const open = event.key === "Escape" && event.target.closest("details[open]");
      if (open) { open.open = false; open.firstElementChild.focus(); }
    });
  };
  const showFilters = () => {
    for (const [name, summary] of Object.entries(summaries)) {
      for (const box of form.elements) if (box.name === name) box.checked = Boolean(chosen[name] && chosen[name].has(box.value));
      summary.textContent = `${names[name]}: ${chosen[name] ? [...chosen[name]].join(", ") : "all"}`;
    }
  };

  // Tables
  const columns = () => {
    const isChecked = page.columns.flat().some(one => chosen.python?.has(one.python)); // on a Python that is chosen
    const shown = page.columns.map(column => column.some(one => passes(one, isChecked ? "" : "python")));
    for (const table of document.querySelectorAll("table.matrix")) {
      for (const row of table.rows) {
        if (row.classList.contains("topic")) continue;
        shown.forEach((is, number) => { row.cells[number + 2].hidden = !is; });
      }
    }
  };
  const filterTables = () => {
    for (const row of document.querySelectorAll("tr[data-of]")) {
      const [loop, framework, python, family, ...model] = row.dataset.of.split("|");
      row.hidden = !passes({ loop, framework, python: python || undefined, family: family || undefined, model: model.join("|") });
    }
    for (const part of document.querySelectorAll("div[data-family]")) part.hidden = !passes({ family: part.dataset.family });
    columns();
  };

  // Charts
  const width = figure => Math.min(figure.clientWidth, 1220);
  const replaced = (part, marks) => { // the specification with values in place of the marks
    if (Array.isArray(part)) return marks[part[0]] ?? part.map(one => replaced(one, marks));
    if (!part || typeof part !== "object") return part;
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, replaced(value, marks)]));
  };
  const prepared = (figure, data) => {
    const chart = page.charts[figure.dataset.chart];
    const facets = unique(data.map(row => row[chart.facet]));
    const pythons = unique(data.map(row => row.version)).filter(Boolean).sort(inOrder);
    const spec = replaced(chart.spec, { "@servers": unique(data.map(row => row.server)), "@facets": facets, "@pythons": pythons });
    const room = width(figure) - chart.labels;
    spec.columns = Math.max(1, Math.min(facets.length, Math.floor(room / 250)));
    spec.spec.width = Math.max(150, Math.floor((room - 20 * spec.columns) / spec.columns));
    spec.datasets = { [chart.data]: data };
    spec.description = figure.querySelector("figcaption").textContent;
    return spec;
  };
  const color = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const config = () => {
    const marks = Object.fromEntries(["text", "muted", "line", "accent"].map(name => [`@${name}`, color(`--${name}`)]));
    const made = { background: "transparent", font: "system-ui, sans-serif", ...replaced(page.config, marks) };
    if (innerWidth < 600) made.legend.columns = 2;
    return made;
  };
  const withoutTangle = (figure, data) => {
    const field = page.limits.lineOf[figure.dataset.chart] ?? "server";
    const servers = unique(data.map(row => row[field]));
    const few = figure.dataset.chart in page.limits.lineOf ? servers.slice(0, page.limits.lines) : servers;
    const note = few.length < servers.length ? `Only ${few.length} of ${servers.length} servers, to keep the lines apart; the filters show the others.` : "";
    figure.querySelector("p").textContent = note;
    return data.filter(row => few.includes(row[field]));
  };
  const draw = async figure => {
    const { chart, section } = figure.dataset;
    const all = page.rows[page.charts[chart].data].filter(row => !section || row.section === section);
    const data = all.filter(row => passes(row, chart === "pythons" ? "python" : "")).map(row => ({ ...row }));
    const place = figure.querySelector("div");
    views.get(figure)?.finalize();
    views.delete(figure);
    if (!data.length) { place.textContent = all.length ? "No server passes the filters." : "No data."; return; }
    const options = { renderer: "svg", config: config(), tooltip: { theme: dark.matches ? "dark" : "light" }, actions: false };
    views.set(figure, await vegaEmbed(place, prepared(figure, withoutTangle(figure, data)), options));
    figure.dataset.drawn = data.length;
  };
  const figures = [...document.querySelectorAll("figure.chart")];
  const pending = new WeakMap(); // the last drawing of a figure, after which the next one begins
  let stale = new Set(figures);
  const drawVisible = () => {
    for (const figure of [...stale]) {
      if (!isVisible.get(figure)) continue;
      stale.delete(figure);
      const drawn = (pending.get(figure) ?? Promise.resolve()).then(() => draw(figure)).catch(error => {
        figure.querySelector("div").textContent = "This chart cannot be drawn here.";
        console.error(error);
      });
      pending.set(figure, drawn);
    }
  };
  const redraw = () => { stale = new Set(figures); drawVisible(); };
  const library = async () => {
    const script = document.createElement("script");
    script.textContent = await inflated("library");
    document.head.append(script);
  };
  const startCharts = async () => {
    if (!figures.length) return;
    await library();
    for (const figure of figures) figure.hidden = false;
    const watch = new IntersectionObserver(entries => {
      for (const entry of entries) isVisible.set(entry.target, entry.isIntersecting);
      drawVisible();
    }, { rootMargin: "600px" });
    figures.forEach(figure => watch.observe(figure));
    dark.addEventListener("change", redraw);
    let last = innerWidth;
    addEventListener("resize", () => { if (innerWidth !== last) { last = innerWidth; redraw(); } });
  };

  // Reasons: a link of the matrix opens a dialog; without scripts it leads to the same text further down.
  const dialog = document.getElementById("reason");
  const requirement = id => {
    const row = document.getElementById(`check-${id}`);
    return row ? [element("dt", [id]), element("dd", [`${row.cells[1].textContent}: ${row.cells[2].textContent} (${row.cells[3].textContent})`])] : [];
  };
  const show = content => {
    const close = element("button", ["Close"], { type: "button" });
    close.addEventListener("click", () => dialog.close());
    dialog.replaceChildren(close, ...content);
    dialog.showModal();
  };
  const complete = reason => { // with the evidence, in place of its short text
    const short = reason.querySelector("p");
    short?.replaceWith(element("dl", Object.entries(page.evidence[reason.id.split("-")[1]]).flatMap(([name, text]) => {
      const look = page.looks[name]; // the element for what is no sentence
      const shown = look ? element(look, [text], look === "pre" ? { tabIndex: 0 } : {}) : text;
      return [element("dt", [name]), element("dd", [shown])];
    })));
  };
  document.getElementById("reasons")?.addEventListener("toggle", () => document.querySelectorAll("article.reason").forEach(complete));
  const showReason = (id, check) => {
    const reason = document.getElementById(id);
    complete(reason);
    const copy = reason.cloneNode(true);
    copy.removeAttribute("id");
    show([element("dl", requirement(check)), copy]);
  };
  const checkOf = cell => cell.closest("tr").querySelector("th a").textContent;
  document.addEventListener("click", event => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.closest("table.matrix td")) {
      event.preventDefault();
      showReason(link.hash.slice(1), checkOf(link));
      return;
    }
    const cell = !link && event.target.closest("table.matrix tbody td");
    if (cell && cell.cellIndex > 1 && cell.textContent) {
      const { target } = page.columns[cell.cellIndex - 2][0];
      const command = `upecho check ${target} --check ${checkOf(cell)}`;
      show([element("dl", [...requirement(checkOf(cell)), element("dt", ["verdict"]), element("dd", [`passed by ${target}`]),
        element("dt", ["repeat"]), element("dd", [element("code", [command])])])]);
      return;
    }
    if (link && (Object.keys(chosen).length || !isDefault)) { // keep the filters in the address
      event.preventDefault();
      place = link.hash.slice(1);
      history.pushState(null, "", address());
      goToPlace();
    }
  });
  const goToPlace = () => {
    const target = place && document.getElementById(place);
    if (!target) return;
    for (let outer = target.closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
    target.scrollIntoView();
  };

  // One link of the matrix is in the order of the Tab key; the arrow keys lead to the others.
  const arrows = () => {
    for (const table of document.querySelectorAll("table.matrix")) {
      table.querySelectorAll("tbody td a").forEach((link, number) => {
        link.tabIndex = number ? -1 : 0;
        link.setAttribute("aria-label", `${link.className.replace(/-/g, " ")}: ${checkOf(link)}, ${page.columns[link.closest("td").cellIndex - 2][0].target}`);
      });
      table.addEventListener("keydown", event => {
        const from = event.target.closest("td a");
        const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (!from || !step) return;
        const column = from.closest("td").cellIndex;
        const vertical = event.key === "ArrowUp" || event.key === "ArrowDown";
        const links = [...table.querySelectorAll("tbody td a")].filter(
          link => !link.closest("td").hidden && (!vertical || link.closest("td").cellIndex === column));
        const next = links[links.indexOf(from) + step];
        event.preventDefault();
        if (next) { from.tabIndex = -1; next.tabIndex = 0; next.focus(); }
      });
    }
  };

  const apply = () => { showFilters(); filterTables(); redraw(); };
  readAddress();
  startWithOnePython();
  buildFilters();
  arrows();
  showFilters();
  filterTables();
  const follow = () => {
    const filters = () => JSON.stringify(page.filters.map(name => chosen[name] ? [...chosen[name]] : null));
    const before = filters();
    readAddress();
    startWithOnePython();
    if (filters() !== before) apply();
    goToPlace();
  };
  addEventListener("hashchange", follow);
  addEventListener("popstate", follow);
  startCharts().then(goToPlace).catch(error => console.error(error));
})();
