
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const said = document.getElementById("said");
  document.documentElement.classList.add("js");
  for (const element of all("form[data-filters], button[data-copy], button[data-copy-from]")) element.hidden = false;

  // Copying: the old command works in a sandboxed frame, where the clipboard interface is not to be had.
  const copy = async (text) => {
    const field = document.createElement("textarea");
    field.value = text;
    field.readOnly = true;
    field.className = "hidden";
    document.body.append(field);
    field.select();
    let done = false;
    try { done = document.execCommand("copy"); } catch { done = false; }
    field.remove();
    if (!done && navigator.clipboard) {
      try { await navigator.clipboard.writeText(text); done = true; } catch { done = false; }
    }
    return done;
  };
  for (const button of all("button[data-copy], button[data-copy-from]")) {
    const label = button.textContent;
    button.addEventListener("click", async () => {
      const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
      const done = await copy(source ? source.textContent : button.dataset.copy);
      if (!done && source) getSelection().selectAllChildren(source);
      button.focus();
      button.textContent = said.textContent = done ? "Copied" : "Press Ctrl+C to copy";
      setTimeout(() => { button.textContent = label; said.textContent = ""; }, 2500);
    });
  }

  // Sorting: buttons in the table's head. Equal values keep their order.
  const order = new Intl.Collator("en", { numeric: true });
  const text = (row, column) => row.cells[column].textContent.trim();
  const sort = (table, head, direction) => {
    const column = head.cellIndex;
    const compare = head.dataset.sort === "number"
      ? (a, b) => parseFloat(text(a, column)) - parseFloat(text(b, column))
      : (a, b) => order.compare(text(a, column), text(b, column));
    const sign = direction === "ascending" ? 1 : -1;
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort((a, b) => sign * compare(a, b)));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", direction);
  };
  for (const table of all("table.sortable")) {
    for (const head of all("th[data-sort]", table.tHead)) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () =>
        sort(table, head, head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending"));
    }
  }

  // Filtering: a row is hidden, never removed.
  const filter = (form, rows, matches, noun, after = () => {}) => {
    const update = () => {
      const needle = form.elements.search.value.trim().toLowerCase();
      let shown = 0;
      for (const { row, content } of rows) {
        row.hidden = !(content.includes(needle) && matches(row));
        shown += !row.hidden;
      }
      after();
      const all = rows.length === 1 ? noun : `${noun}s`;
      form.querySelector("output").textContent = shown === rows.length ? `${shown} ${all}` : `${shown} of ${rows.length} ${all}`;
    };
    form.addEventListener("input", update);
    form.addEventListener("reset", () => setTimeout(update));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.elements.search.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      form.elements.search.value = "";
      update();
    });
    update();
  };
  const indexed = (rows) => rows.map((row) => ({ row, content: row.textContent.toLowerCase() }));

  const videos = document.querySelector("form[data-filters=videos]");
  if (videos) {
    const rows = all("details.video"), list = document.querySelector(".rows");
    const { group, attribute, below, search, order: wanted } = videos.elements;
    const named = rows.map((row) => ({ row, content: row.dataset.name.toLowerCase() }));
    const jf = (row) => parseFloat(row.dataset.jf);
    const orders = {
      worst: (a, b) => rows.indexOf(a) - rows.indexOf(b),
      best: (a, b) => rows.indexOf(b) - rows.indexOf(a),
      name: (a, b) => order.compare(a.dataset.name, b.dataset.name),
    };
    const arrange = () => list.append(...[...rows].sort(orders[wanted.value]));
    filter(videos, named, (row) =>
      (!group.value || row.dataset.group === group.value) &&
      (!attribute || !attribute.value || row.dataset.attributes.split(" ").includes(attribute.value)) &&
      (below.value === "" || jf(row) < parseFloat(below.value)), "video");
    wanted.addEventListener("change", arrange);
    videos.addEventListener("reset", () => setTimeout(arrange));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
      event.preventDefault();
      search.focus();
    });
  }

  const places = document.querySelector("form[data-filters=places]");
  if (places) filter(places, indexed(all("table.places tbody tr")), () => true, "submission");

  const problems = document.querySelector("form[data-filters=problems]");
  if (problems) {
    const groups = all("#problems .group");
    const { code } = problems.elements;
    filter(problems, indexed(all("#problems tbody tr")),
      (row) => !code.value || row.closest(".group").dataset.code === code.value, "problem",
      () => { for (const group of groups) group.hidden = !group.querySelector("tbody tr:not([hidden])"); });
  }

  // Marks of the plots and links lead to their object, and open what it is folded in.
  const go = (id) => {
    const target = id && document.getElementById(id);
    if (!target) return false;
    for (let part = target; part; part = part.parentElement) {
      part.hidden = false;
      if (part.tagName === "DETAILS") part.open = true;
    }
    target.scrollIntoView();
    (target.querySelector(":scope > summary") ?? target).focus({ preventScroll: true });
    return true;
  };
  const goToHash = () => {
    const id = location.hash.slice(1);
    if (id.startsWith("worst-") || go(id)) return;
    try { go(decodeURIComponent(id)); } catch { /* no name of ours */ }
  };
  addEventListener("hashchange", goToHash);
  goToHash();

  // The gallery: one picture over the whole window, left, right and Escape.
  const figures = all(".gallery figure");
  const enlarged = () => figures.findIndex((figure) => figure.matches(".enlarged, :target"));
  const enlarge = (index) => {
    const before = enlarged();
    for (const figure of figures) figure.classList.remove("enlarged");
    if (figures.some((figure) => figure.matches(":target"))) location.hash = "#gallery";
    const figure = figures[index];
    if (figure) {
      figure.classList.add("enlarged");
      figure.focus({ preventScroll: true });
    } else if (figures[before]) figures[before].querySelector(".thumb").focus();
  };
  const step = (by) => enlarge((enlarged() + by + figures.length) % figures.length);
  document.addEventListener("keydown", (event) => {
    if (enlarged() < 0) return;
    if (event.key === "Escape") enlarge(-1);
    else if (event.key === "ArrowRight") step(1);
    else if (event.key === "ArrowLeft") step(-1);
    else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const mark = event.target.closest("[data-to]"), link = event.target.closest("a[href^='#']");
    if (mark) go(mark.dataset.to);
    if (!link) return;
    const id = link.getAttribute("href").slice(1), figure = link.closest(".gallery figure");
    if (figure && !link.closest("figcaption")) {
      event.preventDefault();
      const next = figures.findIndex((other) => other.id === id);
      enlarge(link.matches(".thumb") && enlarged() >= 0 ? -1 : next);
    } else {
      if (figure) enlarge(-1);
      if (go(id) && window !== top) event.preventDefault();
    }
  });

  // The page of a running job renews itself until somebody wants to look at it in peace.
  const seconds = Number(document.body.dataset.refresh);
  if (seconds) {
    let paused = false;
    setInterval(() => { if (!paused) location.reload(); }, 1000 * seconds);
    for (const button of all("button[data-pause]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        paused = !paused;
        button.textContent = paused ? "Go on" : "Pause";
      });
    }
  }

  // Timelines tell frame, J and F under the pointer, read back from the drawn paths.
  const points = (path) => {
    const numbers = path.getAttribute("d").match(/-?\d+/g).map(Number);
    let x = 0, y = 0;
    const found = [];
    for (let i = 0; i < numbers.length; i += 2) found.push([x += numbers[i], y += numbers[i + 1]]);
    return found;
  };
  const valueAt = (line, x) => {
    const after = line.findIndex((point) => point[0] >= x);
    if (after < 1) return 100 - line[Math.max(after, 0)][1];
    const [x0, y0] = line[after - 1], [x1, y1] = line[after];
    return Math.round(100 - y0 - (y1 - y0) * (x - x0) / (x1 - x0));
  };
  for (const plot of all(".plot")) {
    const svg = plot.querySelector("svg"), at = plot.querySelector(".at");
    let lines = null;
    const film = plot.closest(".object").querySelector(".film"), stored = film ? all("figure", film) : [];
    // the stored frame that is nearest to the pointer comes into view
    const scrub = (frame) => {
      let nearest = null;
      for (const figure of stored) {
        figure.classList.remove("near");
        if (!nearest || Math.abs(figure.dataset.frame - frame) < Math.abs(nearest.dataset.frame - frame)) nearest = figure;
      }
      if (!nearest) return;
      nearest.classList.add("near");
      film.scrollTo({ left: nearest.offsetLeft - film.offsetLeft - (film.clientWidth - nearest.clientWidth) / 2 });
    };
    svg.addEventListener("pointermove", (event) => {
      lines ??= ["j", "f"].map((name) => points(svg.querySelector(`path.${name}`)));
      const box = svg.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
      const first = Number(plot.dataset.first), last = Number(plot.dataset.last);
      const step = Math.max(Number(plot.dataset.step), 1);
      const frame = first + step * Math.round((last - first) * share / step);
      const x = last > first ? 1000 * (frame - first) / (last - first) : 0;
      const [j, f] = lines.map((line) => valueAt(line, x));
      at.textContent = `${String(frame).padStart(Number(plot.dataset.digits), "0")}: J ${j}, F ${f}`;
      scrub(frame);
    });
    svg.addEventListener("pointerleave", () => { at.textContent = ""; });
  }
})();
