// Shows the fragments of HTML that Python renders, changes just what differs, and tells Python what the learner does.
// All texts are escaped where they are rendered; nothing is fetched. Idiomorph and `beside.js` stand above this, in the
// same module.

/* global Idiomorph, standBeside */

const HEARTBEAT = 20_000; // milliseconds: Python stops watching the account when nobody shows it any more
const KEPT = "[data-key], [data-do], [data-scroll], [data-filterable] tbody tr"; // elements that stay the same ones

const AGAIN_AFTER = 500; // milliseconds, then ever more of them until Python has heard it; it does what was asked for once
const SELDOM = 5000; // and at most so many
const BUSY_AFTER = 1500; // milliseconds without a word from Python after which the kernel is called busy

function render({ model, el }) {
  const end = draw({ model, el });
  const leave = standBeside(el, (column) => draw({ model, el: column }));
  return () => {
    end();
    leave();
  };
}

function draw({ model, el }) {
  el.classList.add("lab-live");
  const view = Math.random().toString(36).slice(2);
  const waiting = new Map(); // what was asked for and Python has not heard yet: the ids of the controls, if one was used
  let asked = 0;
  let shown = {}; // the HTML of each fragment, by its name

  function update() {
    const fragments = model.get("fragments");
    const same = new Set();
    const page = Object.entries(fragments).map(([name, html]) => {
      const fresh = newFragment(name, view);
      html === shown[name] ? same.add(fresh) : fill(fresh, html);
      return fresh;
    });
    const beforeNodeMorphed = (old, fresh) => !same.has(fresh) && isToChange(old, fresh);
    const active = el.contains(document.activeElement) ? document.activeElement : null;
    const home = active?.closest("[data-fragment]");
    Idiomorph.morph(el, page, { morphStyle: "innerHTML", callbacks: { beforeNodeMorphed } });
    const next = active?.isConnected ? active : home?.querySelector("[data-focus]");
    if (next !== document.activeElement) next?.focus({ preventScroll: true });
    for (const input of el.querySelectorAll(".lab-filter input")) if (input.value) filter(input);
    shown = fragments;
    for (const id of waiting.values()) if (id) document.getElementById(id)?.setAttribute("aria-busy", "true");
  }

  // Shows at once that something was asked for: Python may hear of it only when a cell has ended.
  function send(element, more = {}) {
    element.setAttribute("aria-busy", "true");
    if (element.dataset.save !== undefined) save(el);
    tell({ ...element.dataset, ...more }, element.id);
    setTimeout(() => el.classList.toggle("lab-waiting", isAsked()), BUSY_AFTER);
  }

  // Tells Python until it has heard it. What is sent before JupyterLab has a way around running cells waits for their
  // end, but what is sent later does not.
  function tell(what, id = null) {
    const ask = `${view} ${++asked}`;
    waiting.set(ask, id);
    const again = (pause) => {
      if (!waiting.has(ask)) return;
      model.send({ ...what, view, ask });
      setTimeout(again, pause, Math.min(2 * pause, SELDOM));
    };
    again(AGAIN_AFTER);
  }

  const isAsked = () => [...waiting.values()].some(Boolean);

  function heard({ heard: ask }) {
    if (!waiting.has(ask)) return;
    const id = waiting.get(ask);
    waiting.delete(ask);
    if (id && ![...waiting.values()].includes(id)) document.getElementById(id)?.removeAttribute("aria-busy");
    if (!isAsked()) el.classList.remove("lab-waiting");
  }

  // Of a model's life anywidget tells only that it changes: the kernel has ended, or was started anew.
  function onDeath() {
    waiting.clear();
    el.classList.add("lab-dead");
  }

  el.addEventListener("click", (event) => {
    const control = event.target.closest("[data-do], [data-no]");
    if (!control || control.tagName === "FORM" || control.getAttribute("aria-disabled") === "true") return;
    if (event.detail > 1 && control.type !== "checkbox") return; // a double click asks for one thing, not for two
    const question = control.closest(".lab-ask");
    if (control.dataset.ask && !question) return ask(control).focus();
    const asked = question ? close(question) : control; // at once: where yes changes nothing, nothing else would do it
    if (control.dataset.do) send(asked, control.type === "checkbox" ? { value: control.checked } : {});
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
  el.addEventListener("click", copy);
  el.addEventListener("input", (event) => {
    if (event.target.matches(".lab-filter input")) filter(event.target);
  });
  el.addEventListener("keydown", onKey);

  const heart = setInterval(() => model.send({ do: "alive", view }), HEARTBEAT);
  model.on("change:fragments", update);
  model.on("msg:custom", heard);
  model.on("comm_live_update", onDeath);
  update();
  tell({ do: "alive" });
  return () => {
    waiting.clear();
    clearInterval(heart);
    model.off("change:fragments", update);
    model.off("msg:custom", heard);
    model.off("comm_live_update", onDeath);
    try {
      model.send({ do: "closed", view });
    } catch {
      // Of a notebook that is closed the connection goes first; then Python misses the heartbeat.
    }
  };
}

// Saves the notebook by its reader's own key: what is rehearsed and handed in is the file.
function save(el) {
  const mac = navigator.platform.startsWith("Mac");
  const keys = { key: "s", code: "KeyS", keyCode: 83, ctrlKey: !mac, metaKey: mac };
  el.dispatchEvent(new KeyboardEvent("keydown", { ...keys, bubbles: true, cancelable: true }));
}

// An empty fragment. Its id is this view's own, for a page may show the same fragments in several views.
function newFragment(name, view) {
  const node = document.createElement("div");
  node.dataset.fragment = name;
  node.id = `${view}-${name}`.replace(/\s+/g, "-");
  if (name === "said") {
    node.className = "lab-said"; // It stays, and only its text changes: what is put there anew is not read aloud.
    node.setAttribute("role", "status");
  }
  return node;
}

// Fills a new fragment. Idiomorph knows an element again by its id, wherever it stands and whatever its content is.
function fill(node, html) {
  node.innerHTML = html;
  addFilters(node);
  for (const picture of node.querySelectorAll("svg")) nameAnew(picture, node.id);
  const met = {};
  for (const each of node.querySelectorAll(KEPT)) {
    const { key, do: does, tab, scroll } = each.dataset;
    const parts = [node.id, each.tagName, key, does, tab, scroll, each.tagName === "TR" ? each.textContent : ""];
    const id = parts.join("-").replace(/\s+/g, "-");
    met[id] = (met[id] ?? 0) + 1; // two rows may be alike
    each.id = `${id}-${met[id]}`;
    if (each.dataset.ask && document.getElementById(each.id)?.hidden) ask(each);
  }
}

// Lets what names a picture have ids that no other view of it has.
function nameAnew(picture, prefix) {
  for (const each of picture.querySelectorAll("[id]")) each.id = `${prefix}-${each.id}`;
  for (const name of ["aria-labelledby", "aria-describedby"]) {
    if (picture.hasAttribute(name)) picture.setAttribute(name, `${prefix}-${picture.getAttribute(name)}`);
  }
}

// What the learner has opened, typed or chosen stays, unless Python now says something else of it than before.
function isToChange(old, fresh) {
  if (old.tagName === "DETAILS") fresh.open = old.open;
  if (old.isEqualNode(fresh)) return false;
  const same = old.defaultValue === fresh.defaultValue && old.defaultChecked === fresh.defaultChecked;
  return old.tagName !== "INPUT" || !same;
}

// Puts a question in a control's place, and returns the button that says yes.
function ask(control) {
  const question = document.createElement("span");
  question.className = "lab-ask";
  question.setAttribute("role", "group");
  question.setAttribute("aria-label", control.dataset.ask);
  const yes = control.cloneNode();
  yes.id += "-yes";
  yes.textContent = control.dataset.yes ?? "Yes";
  yes.removeAttribute("aria-label");
  const no = document.createElement("button");
  no.type = "button";
  no.dataset.no = "";
  no.textContent = "No";
  question.append(control.dataset.ask, " ", yes, " ", no);
  control.after(question);
  control.hidden = true;
  return yes;
}

// Puts the control back in its question's place, and returns it.
function close(question) {
  const control = question.previousElementSibling;
  question.remove();
  control.hidden = false;
  control.focus();
  return control;
}

function onKey(event) {
  // JupyterLab's own keys (A inserts a cell, D D deletes one, Enter edits it) are not meant for what has the focus here;
  // those that save, or open a menu, are.
  if (event.key === "Enter" || !(event.ctrlKey || event.metaKey)) event.stopPropagation();
  // A key held down presses a button once: it would say yes to what the same key has asked.
  if (event.repeat && event.key === "Enter" && event.target.closest?.("button")) event.preventDefault();
  const question = event.key === "Escape" && event.target.closest?.(".lab-ask");
  if (question) close(question);
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

// The code below a button goes to the clipboard.
async function copy(event) {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.parentElement.querySelector("pre").textContent);
  button.textContent = "Copied";
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
