"use strict";
(() => {
  const PAGE = 50;
  const CLASSES = { references: "long", effects: "long", missing: "long", note: "long", source: "who", target: "who", factor: "who" };
  const PRINTED = 12; // columns that fit on paper

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
    tools.append(save);

    const style = (i) => `${numeric[i] ? "num" : CLASSES[columns[i][0]] ?? ""}${i < PRINTED ? "" : " screen"}`;
    const heads = columns.map((column, i) => {
      const button = make("button", { type: "button", textContent: column[1], title: column[2] });
      const head = make("th", { scope: "col", className: style(i) }, button);
      button.addEventListener("click", () => {
        sorted = { column: i, down: sorted.column === i ? !sorted.down : false };
        refresh();
      });
      return head;
    });
    const body = make("tbody");
    const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body);
    const scroll = make("div", { className: "scroll", tabIndex: 0 }, table);
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", `${title}, table`);
    section.append(tools, scroll, make("div", { className: "tools" }, back, next, count));

    const draw = () => {
      const first = page * PAGE;
      const cells = (row) => row.map((value, i) => {
        const name = columns[i][0];
        const cell = make("td", { className: style(i) });
        if (name === "references" && value !== null) cell.append(linked(String(value)));
        else cell.textContent = name === "evidence_level" && value !== null ? String(value).replaceAll("_", " ") : show(value);
        return cell;
      });
      body.replaceChildren(...kept.slice(first, first + PAGE).map((i) => make("tr", {}, ...cells(rows[i]))));
      heads.forEach((head, i) => {
        if (i === sorted.column) head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
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

    search.addEventListener("input", refresh);
    filters.forEach(([, select]) => select.addEventListener("change", refresh));
    back.addEventListener("click", () => { page -= 1; draw(); });
    next.addEventListener("click", () => { page += 1; draw(); });
    save.addEventListener("click", () => download(file, columns, kept.map((i) => rows[i])));
    draw();
  };

  document.querySelectorAll(".grid").forEach(build);
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
})();
