// Shows the fragments of HTML that Python renders, replaces just those that change, and tells Python what the learner
// does. All texts are escaped where they are rendered; nothing is fetched.

const HEARTBEAT = 20_000; // milliseconds: Python stops watching the account when nobody shows it any more

function render({ model, el }) {
  el.classList.add("lab-live");
  const shown = new Map(); // fragment name → { node, html }

  function update() {
    const fragments = model.get("fragments");
    for (const [name, { node }] of shown) {
      if (!(name in fragments)) {
        node.remove();
        shown.delete(name);
      }
    }
    let before = null;
    for (const [name, html] of Object.entries(fragments)) {
      const old = shown.get(name);
      const node = old?.node ?? newFragment(name);
      if (old?.html !== html) replace(node, html);
      if (node.previousElementSibling !== before || !node.isConnected) {
        before ? before.after(node) : el.prepend(node);
      }
      shown.set(name, { node, html });
      before = node;
    }
  }

  function send(element, more = {}) {
    element.setAttribute("aria-busy", "true");
    setTimeout(() => element.removeAttribute("aria-busy"), 1000); // where there was nothing to change
    model.send({ ...element.dataset, ...more });
  }

  el.addEventListener("click", (event) => {
    const control = event.target.closest("[data-do]");
    if (!control || control.tagName === "FORM" || control.getAttribute("aria-disabled") === "true") return;
    if (event.detail > 1 && control.type !== "checkbox") return; // a double click asks for one thing, not for two
    if (control.dataset.ask && !control.dataset.sure) return ask(control).focus();
    send(control, control.type === "checkbox" ? { value: control.checked } : {});
  });
  el.addEventListener("change", (event) => {
    const control = event.target.closest("select[data-do]");
    if (control) send(control, { value: control.value });
  });
  el.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    const values = new FormData(form).getAll("value");
    send(form, { values: values.map(String) });
  });
  el.addEventListener("click", moveItem);
  el.addEventListener("input", (event) => {
    if (event.target.matches(".lab-filter input")) filter(event.target);
  });
  el.addEventListener("keydown", onKey);

  const view = Math.random().toString(36).slice(2);
  const heart = setInterval(() => model.send({ do: "alive", view }), HEARTBEAT);
  model.on("change:fragments", update);
  model.on("comm_live_update", () => el.classList.toggle("lab-dead", !model.comm_live));
  update();
  model.send({ do: "alive", view });
  return () => {
    clearInterval(heart);
    model.off("change:fragments", update);
    try {
      model.send({ do: "closed", view });
    } catch {
      // Of a notebook that is closed the connection goes first; then Python misses the heartbeat.
    }
  };
}

function newFragment(name) {
  const node = document.createElement("div");
  node.dataset.fragment = name;
  if (name === "said") {
    node.className = "lab-said"; // It stays, and only its text changes: what is put there anew is not read aloud.
    node.setAttribute("role", "status");
  }
  return node;
}

// What the learner has in hand, in a fragment that is about to be replaced: focus, what is asked, open, typed, scrolled.
function replace(node, html) {
  const active = node.contains(document.activeElement) ? document.activeElement : null;
  const selection = active?.selectionStart ?? null;
  const index = active ? [...node.querySelectorAll(keyed(active))].indexOf(active) : -1;
  const asked = [...node.querySelectorAll("[data-sure]")].map(keyed);
  const opened = new Map([...node.querySelectorAll("details[data-key]")].map((each) => [each.dataset.key, each.open]));
  const typed = new Map([...node.querySelectorAll("input[data-key]")].map((each) => [each.dataset.key, each.value]));
  const scrolled = new Map([...node.querySelectorAll("[data-scroll]")].map((each) => [each.dataset.scroll, each.scrollLeft]));
  node.innerHTML = html;
  addFilters(node);
  for (const control of asked.map((each) => node.querySelector(each))) {
    if (control?.dataset.ask) ask(control);
  }
  for (const each of node.querySelectorAll("details[data-key]")) {
    each.open = opened.get(each.dataset.key) ?? each.open;
  }
  for (const each of node.querySelectorAll("input[data-key]")) {
    if (!typed.get(each.dataset.key)) continue;
    each.value = typed.get(each.dataset.key);
    if (each.closest(".lab-filter")) filter(each);
  }
  for (const each of node.querySelectorAll("[data-scroll]")) {
    each.scrollLeft = scrolled.get(each.dataset.scroll) ?? 0;
  }
  if (!active) return;
  const again = node.querySelectorAll(keyed(active))[index] ?? node.querySelector("[data-focus]");
  again?.focus({ preventScroll: true });
  if (selection !== null) again?.setSelectionRange?.(selection, selection);
}

// A selector that finds the element again in the new HTML.
function keyed(element) {
  const { key, do: does, task, tab } = element.dataset;
  const parts = Object.entries({ key, do: does, task, tab }).filter(([, value]) => value !== undefined);
  return element.tagName.toLowerCase() + parts.map(([name, value]) => `[data-${name}="${CSS.escape(value)}"]`).join("");
}

// Puts a question in a control's place, and returns the button that says yes.
function ask(control) {
  const box = document.createElement("span");
  box.className = "lab-ask";
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", control.dataset.ask);
  const sure = control.cloneNode(true);
  sure.dataset.sure = "yes";
  sure.textContent = control.dataset.yes ?? "Yes";
  sure.removeAttribute("aria-label");
  const no = document.createElement("button");
  no.type = "button";
  no.textContent = "No";
  const back = () => {
    box.replaceWith(control);
    control.focus();
  };
  no.addEventListener("click", back);
  sure.addEventListener("click", back); // by itself: where it changes nothing, nothing takes the question's place
  box.addEventListener("keydown", (event) => event.key === "Escape" && back());
  box.append(control.dataset.ask, " ", sure, " ", no);
  control.replaceWith(box);
  return sure;
}

function onKey(event) {
  // JupyterLab's own keys (A inserts a cell, D D deletes one, Enter edits it) are not meant for what has the focus here;
  // those that save, or open a menu, are.
  if (event.key === "Enter" || !(event.ctrlKey || event.metaKey)) event.stopPropagation();
  // A key held down presses a button once: it would say yes to what the same key has asked.
  if (event.repeat && event.key === "Enter" && event.target.closest?.("button")) event.preventDefault();
  const tab = event.target.closest?.('[role="tab"]');
  if (!tab) return;
  const tabs = [...tab.parentElement.querySelectorAll('[role="tab"]')];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const index = tabs.indexOf(tab);
  const to =
    event.key === "Home" ? tabs[0]
    : event.key === "End" ? tabs.at(-1)
    : step ? tabs[(index + step + tabs.length) % tabs.length]
    : null;
  if (!to) return;
  event.preventDefault();
  to.focus();
  to.click();
}

// An entry of an ordering question goes one place up or down.
function moveItem(event) {
  const button = event.target.closest("[data-move]");
  if (!button) return;
  const item = button.closest("li");
  const other = button.dataset.move === "up" ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  button.dataset.move === "up" ? other.before(item) : other.after(item);
  button.focus();
  const place = [...item.parentElement.children].indexOf(item) + 1;
  const said = item.closest("form").querySelector("[data-said]");
  if (said) said.textContent = `${item.querySelector("input").value} is now number ${place}.`;
}

function addFilters(node) {
  for (const table of node.querySelectorAll("table[data-filterable]")) {
    const label = document.createElement("label");
    label.className = "lab-filter";
    label.append("Filter the lines ");
    const input = document.createElement("input");
    input.type = "search";
    input.dataset.key = `filter ${table.dataset.filterable}`;
    label.append(input);
    const region = table.closest("[role=region]") ?? table;
    region.before(label);
  }
}

function filter(input) {
  const label = input.closest(".lab-filter");
  const table = label.parentElement.querySelector("table[data-filterable]");
  const wanted = input.value.toLowerCase();
  for (const row of table.querySelectorAll("tbody tr")) {
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
  }
}

export default { render };
