// Lists, adds and deletes pets through the API whose address config.js sets.
"use strict";

const form = document.querySelector("#pet-form");
const rows = document.querySelector("#pets tbody");
const dollars = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });

async function callApi(method, path, body) {
  if (!window.API_URL) throw new Error("config.js does not say where the API is.");
  const request = { method, signal: AbortSignal.timeout(15000) };
  if (body) {
    request.headers = { "Content-Type": "application/json" }; // this header makes the browser ask first, too
    request.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(window.API_URL + path, request);
  } catch {
    // The browser does not tell a page why: no connection, or CORS headers that do not allow this page.
    throw new Error(`The API at ${window.API_URL} cannot be reached from ${location.origin}.`);
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Error(`The API answered ${response.status}: ${answer?.message ?? "no message"}`);
  return answer;
}

async function showPets() {
  const pets = await callApi("GET", "/items");
  pets.sort((one, other) => one.id.localeCompare(other.id, "en", { numeric: true }));
  rows.replaceChildren(...pets.map(petRow));
  document.querySelector("#pets").hidden = pets.length === 0;
}

function petRow(pet) {
  const row = document.createElement("tr");
  const remove = document.createElement("button");
  remove.textContent = "Delete";
  remove.setAttribute("aria-label", `Delete ${pet.type} ${pet.id}`);
  remove.addEventListener("click", async () => {
    await run(() => callApi("DELETE", `/items/${encodeURIComponent(pet.id)}`), `Deleted ${pet.type} ${pet.id}.`);
    document.querySelector("#status").focus(); // the button that had the focus is gone
  });
  // textContent, never innerHTML: what somebody typed stays text, and cannot become a script.
  for (const text of [pet.id, pet.type, dollars.format(pet.price)]) row.insertCell().textContent = text;
  row.cells[2].className = "price";
  row.insertCell().append(remove);
  return row;
}

async function run(work, done) {
  const error = document.querySelector("#error");
  error.hidden = true;
  say("Working …");
  try {
    await work();
    await showPets();
    say(done ?? (rows.children.length ? "" : "No pets yet. Add the first one."));
    return true;
  } catch (problem) {
    say("");
    error.textContent = problem.message;
    error.hidden = false;
    return false;
  }
}

function say(text) {
  document.querySelector("#status").textContent = text;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const pet = Object.fromEntries(new FormData(form));
  pet.price = Number(pet.price); // a form's fields are all text
  if (await run(() => callApi("PUT", "/items", pet), `Saved ${pet.type} ${pet.id}.`)) {
    form.reset();
    form.elements.id.focus();
  }
});

run(async () => {});
