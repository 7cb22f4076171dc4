// The page works without this: it sorts and filters the table, keeps its order for Previous and Next, and saves by keys.
"use strict";
const ORDER = "lab-review-order";
const VIEW = "lab-review-view";

function remembered(name) {
  try { return JSON.parse(sessionStorage.getItem(name)); } catch { return null; }
}

function beginTable(table) {
  const find = document.getElementById("find"), lab = document.getElementById("lab"), flag = document.getElementById("flag");
  const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const view = remembered(VIEW) || { find: "", lab: "", flag: "", column: 0, down: false };

  const value = (row) => row.cells[view.column].dataset.value ?? row.cells[view.column].textContent.trim();
  const compare = (one, other) => value(one).localeCompare(value(other), undefined, { numeric: true, sensitivity: "base" });

  function show() {
    const wanted = view.find.toLowerCase();
    for (const row of rows) {
      const flags = row.dataset.flags.split(" ");
      row.hidden = !((!view.lab || row.dataset.lab === view.lab) && (!view.flag || flags.includes(view.flag))
        && row.textContent.toLowerCase().includes(wanted));
    }
    const order = [...rows].sort(compare);
    if (view.down) order.reverse();
    body.append(...order);
    heads.forEach((head, at) => {
      if (at === view.column) head.setAttribute("aria-sort", view.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const shown = order.filter((row) => !row.hidden);
    const count = shown.length === 1 ? "1 piece of work" : `${shown.length} pieces of work`;
    document.getElementById("count").value = count;
    const links = shown.map((row) => row.querySelector("a")).filter(Boolean);
    sessionStorage.setItem(ORDER, JSON.stringify(links.map((link) => link.getAttribute("href"))));
    sessionStorage.setItem(VIEW, JSON.stringify(view));
  }

  find.value = view.find;
  lab.value = view.lab;
  flag.value = view.flag;
  for (const [name, field] of Object.entries({ find, lab, flag })) {
    field.addEventListener("input", () => { view[name] = field.value; show(); });
  }
  for (const button of table.tHead.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      const column = Number(button.dataset.sort);
      view.down = view.column === column && !view.down;
      view.column = column;
      show();
    });
  }
  document.querySelector(".filter").addEventListener("submit", (event) => event.preventDefault());
  show();
}

function beginWork(form) {
  const order = remembered(ORDER) || [], at = order.indexOf(location.pathname), then = document.getElementById("then");
  if (at >= 0) {
    for (const [rel, path] of [["prev", order[at - 1]], ["next", order[at + 1]]]) {
      const link = document.querySelector(`a[rel=${rel}]`);
      if (path) link.setAttribute("href", path); else link.removeAttribute("href");
    }
    document.getElementById("place").textContent = `${at + 1} of ${order.length}`;
    then.value = order[at + 1] || "";
    then.disabled = !then.value;
  }
  let changed = Boolean(document.querySelector("[role=alert]"));
  form.addEventListener("input", () => { changed = true; });
  form.addEventListener("submit", () => { changed = false; });
  addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(document.getElementById("save"));
    }
  });
}

const table = document.getElementById("class"), form = document.getElementById("said");
if (table) beginTable(table);
if (form) beginWork(form);
