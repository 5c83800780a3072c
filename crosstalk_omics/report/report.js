"use strict";
(() => {
  const PAGE = 50;
  const CLASSES = { references: "long", effects: "long", missing: "long", note: "long", source: "who", target: "who", factor: "who" };
  const PRINTED = 12; // columns that fit on paper
  const KEPT = 4; // columns that stay on a screen however wide their names are
  const SMALL = 800; // pixels; on a smaller screen a table of KEPT_SMALL columns scrolls instead
  const KEPT_SMALL = 8;

  const make = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };

  const show = (value) => {
    if (value === null) return "–";
    if (typeof value === "boolean") return value ? "yes" : "no";
    if (typeof value !== "number" || Number.isInteger(value)) return String(value);
    return Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6 ? value.toExponential(2) : String(Number(value.toPrecision(3)));
  };

  const breakable = (text) => {
    const parts = document.createDocumentFragment();
    text.split(/(?<=[+|_;])/).forEach((part, i) => parts.append(...(i ? [make("wbr"), part] : [part])));
    return parts;
  };

  const compare = (a, b) => {
    if (a === b) return 0;
    if (a === null) return 1;
    if (b === null) return -1;
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  };

  const linked = (text) => {
    const parts = document.createDocumentFragment();
    text.split(/;\s*/).forEach((part, i) => {
      if (i) parts.append("; ");
      const pmid = /^PMID:\s?(\d{1,9})$/i.exec(part);
      const doi = /^doi:\s?(10\.\d{4,9}\/\S+)$/i.exec(part);
      const url = /^https:\/\/([a-z0-9.-]+)\/\S*$/i.exec(part);
      const href = url ? part : pmid ? `https://pubmed.ncbi.nlm.nih.gov/${pmid[1]}/` : doi ? `https://doi.org/${encodeURI(doi[1])}` : null;
      parts.append(href ? make("a", { href, rel: "noopener noreferrer", textContent: url ? (/\/(PMC\d+)/.exec(part)?.[1] ?? url[1].replace(/^www\./, "")) : part }) : part);
    });
    return parts;
  };

  const quoted = (value) => {
    let text = value === null ? "" : String(value);
    if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`; // a spreadsheet would run it
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };

  const download = (name, columns, rows) => {
    const lines = [columns.map((c) => c[0]), ...rows].map((row) => row.map(quoted).join(","));
    const url = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    const anchor = make("a", { href: url, download: name });
    document.body.append(anchor);
    anchor.click();
    anchor.remove();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };

  const build = (section) => {
    const { columns, rows, file } = JSON.parse(section.querySelector("script.rows").textContent);
    const title = section.querySelector("h3").textContent;
    const numeric = columns.map((_, i) => rows.some((r) => typeof r[i] === "number") && rows.every((r) => r[i] === null || typeof r[i] === "number"));
    const text = rows.map((row) => row.map((v) => (v === null ? "" : String(v))).join("\u0001").toLowerCase());
    // what is the same in all rows stands last
    const constant = columns.map((_, i) => rows.length > 1 && rows.every((r) => r[i] === rows[0][i]));
    const order = columns.map((_, i) => i).sort((a, b) => constant[a] - constant[b] || a - b);
    let fitting = columns.length;
    let kept = rows.map((_, i) => i);
    let page = 0;
    let sorted = { column: -1, down: false };

    const search = make("input", { type: "search", placeholder: "gene, factor, group …", autocomplete: "off" });
    const tools = make("div", { className: "tools" }, make("label", {}, "Search ", search));
    const filters = [];
    for (const name of ["source_tissue", "target_tissue", "tissue", "evidence_level", "role", "score", "method"]) {
      const at = columns.findIndex((c) => c[0] === name);
      const values = at < 0 ? [] : [...new Set(rows.map((r) => r[at]))].filter((v) => v !== null).sort();
      if (values.length < 2 || values.length > 40) continue;
      const select = make("select", {}, make("option", { value: "", textContent: "all" }), ...values.map((v) => make("option", { value: v, textContent: String(v).replaceAll("_", " ") })));
      filters.push([at, select]);
      tools.append(make("label", {}, `${columns[at][1]} `, select));
    }
    const count = make("span", { className: "count", role: "status" });
    const back = make("button", { type: "button", textContent: "Previous" });
    const next = make("button", { type: "button", textContent: "Next" });
    const save = make("button", { type: "button", textContent: "Export CSV" });
    back.setAttribute("aria-label", `Previous rows of: ${title}`);
    next.setAttribute("aria-label", `Next rows of: ${title}`);
    save.setAttribute("aria-label", `Export CSV of: ${title}`);
    const by = make("select", {}, make("option", { value: -1, textContent: "as in the file" }), ...columns.map((c, i) => make("option", { value: i, textContent: c[1], title: c[2] })));
    const turn = make("button", { type: "button", textContent: "Reverse" });
    turn.setAttribute("aria-label", `Reverse the order of: ${title}`);
    tools.append(make("label", {}, "order by ", by), turn, save);

    const style = (place) => {
      const i = order[place];
      const shown = place >= PRINTED ? " screen" : place >= fitting ? " paper" : "";
      return `${numeric[i] ? "num" : CLASSES[columns[i][0]] ?? ""}${shown}`;
    };
    const heads = order.map((i) => {
      const button = make("button", { type: "button", textContent: columns[i][1], title: columns[i][2] });
      button.addEventListener("click", () => sort(i, sorted.column === i && !sorted.down));
      return make("th", { scope: "col" }, button);
    });
    const row = make("tr");
    const body = make("tbody");
    const table = make("table", {}, make("thead", {}, row), body);
    const scroll = make("div", { className: "scroll", tabIndex: 0 }, table);
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", `${title}, table`);
    section.append(tools, scroll, make("div", { className: "tools" }, back, next, count));

    const value = (i, what) => {
      const name = columns[i][0];
      if (name === "references" && what !== null) return linked(String(what));
      return breakable(name === "evidence_level" && what !== null ? String(what).replaceAll("_", " ") : show(what));
    };

    // the columns that do not fit follow on a line of their own, when asked for
    const details = (values) => {
      const parts = order.slice(fitting).filter((i) => values[i] !== null && values[i] !== "");
      const cell = make("td", { colSpan: row.children.length });
      cell.append(...parts.map((i) => make("span", {}, make("b", { textContent: `${columns[i][1]}: `, title: columns[i][2] }), value(i, values[i]))));
      return make("tr", { className: "more" }, cell);
    };

    const line = (values, number) => {
      const cells = order.slice(0, Math.max(fitting, PRINTED)).map((i, place) => make("td", { className: style(place) }, value(i, values[i])));
      const whole = make("tr", {}, ...cells);
      if (fitting >= columns.length) return whole;
      const open = make("button", { type: "button", className: "open", textContent: "+" });
      open.setAttribute("aria-label", `More on row ${number}`);
      open.setAttribute("aria-expanded", "false");
      open.addEventListener("click", () => {
        const closed = open.textContent === "+";
        open.textContent = closed ? "\u2212" : "+";
        open.setAttribute("aria-expanded", String(closed));
        if (closed) whole.after(details(values));
        else whole.nextSibling.remove();
      });
      cells[0].classList.add("first");
      cells[0].prepend(open);
      return whole;
    };

    const fill = () => {
      const first = page * PAGE;
      row.replaceChildren(...heads.slice(0, Math.max(fitting, PRINTED)));
      heads.forEach((head, place) => { head.className = style(place); });
      body.replaceChildren(...kept.slice(first, first + PAGE).map((i, n) => line(rows[i], first + n + 1)));
    };

    const draw = () => {
      const least = scroll.clientWidth < SMALL ? KEPT_SMALL : KEPT;
      fill();
      while (fitting > least && table.offsetWidth > scroll.clientWidth) {
        fitting -= 1;
        fill();
      }
      heads.forEach((head, place) => {
        if (order[place] === sorted.column) head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
      by.value = sorted.column;
      turn.disabled = sorted.column < 0;
      const first = page * PAGE;
      const last = Math.min(first + PAGE, kept.length);
      count.textContent = kept.length ? `rows ${first + 1} to ${last} of ${kept.length}` : "no row matches";
      back.disabled = page === 0;
      next.disabled = last >= kept.length;
    };

    const refresh = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      kept = rows.map((_, i) => i).filter((i) =>
        words.every((word) => text[i].includes(word)) &&
        filters.every(([at, select]) => select.value === "" || String(rows[i][at]) === select.value));
      if (sorted.column >= 0) {
        const at = sorted.column;
        kept.sort((a, b) => {
          if (rows[a][at] === null || rows[b][at] === null) return compare(rows[a][at], rows[b][at]);
          return (sorted.down ? -1 : 1) * compare(rows[a][at], rows[b][at]);
        });
      }
      page = 0;
      draw();
    };

    const sort = (column, down) => {
      sorted = { column, down };
      refresh();
    };

    by.addEventListener("change", () => sort(Number(by.value), false));
    turn.addEventListener("click", () => sort(sorted.column, !sorted.down));
    search.addEventListener("input", refresh);
    filters.forEach(([, select]) => select.addEventListener("change", refresh));
    back.addEventListener("click", () => { page -= 1; draw(); });
    next.addEventListener("click", () => { page += 1; draw(); });
    save.addEventListener("click", () => download(file, columns, kept.map((i) => rows[i])));
    draw();
    let width = innerWidth;
    addEventListener("resize", () => {
      if (innerWidth === width) return;
      width = innerWidth;
      fitting = columns.length;
      draw();
    });
  };

  document.querySelectorAll(".grid").forEach(build);
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
})();
