"use strict";

const { LOGIN_URL, API_URL, CLIENT_ID } = window;
const HERE = location.origin + location.pathname;
const show = (id, text) => {
  const element = document.getElementById(id);
  element.textContent = text; // never as HTML: a name may be anybody's text
  element.hidden = !text;
};
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

// PKCE: the address carries a hash of a secret; only who knows the secret can use the code that comes back.
async function signIn() {
  const verifier = random(), state = random();
  sessionStorage.setItem("login", JSON.stringify({ verifier, state }));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  const asked = {
    client_id: CLIENT_ID, redirect_uri: HERE, response_type: "code", scope: "openid email",
    state, code_challenge: base64url(hash), code_challenge_method: "S256",
  };
  location.assign(`${LOGIN_URL}/oauth2/authorize?${new URLSearchParams(asked)}`);
}

async function comeBack(query) {
  const kept = JSON.parse(sessionStorage.getItem("login") || "{}");
  sessionStorage.removeItem("login");
  history.replaceState(null, "", HERE); // a code stays in no history
  if (query.get("state") !== kept.state) throw new Error("This answer belongs to no sign-in of this page.");
  const body = new URLSearchParams({
    grant_type: "authorization_code", client_id: CLIENT_ID, code: query.get("code"), redirect_uri: HERE,
    code_verifier: kept.verifier,
  });
  const answer = await fetch(`${LOGIN_URL}/oauth2/token`, { method: "POST", body });
  const tokens = await answer.json();
  if (!answer.ok) throw new Error(tokens.error);
  const me = await fetch(`${API_URL}/me`, { headers: { Authorization: `Bearer ${tokens.id_token}` } });
  if (!me.ok) throw new Error(`The API says ${me.status}.`);
  show("status", `Signed in as ${(await me.json()).email}.`);
  document.getElementById("sign-in").hidden = true;
  document.getElementById("sign-out").hidden = false;
}

document.getElementById("sign-in").addEventListener("click", () => signIn().catch((e) => show("error", e.message)));
document.getElementById("sign-out").addEventListener("click", () => {
  location.assign(`${LOGIN_URL}/logout?${new URLSearchParams({ client_id: CLIENT_ID, logout_uri: HERE })}`);
});
const query = new URLSearchParams(location.search);
if (query.has("error")) show("error", query.get("error"));
if (query.has("code")) comeBack(query).catch((e) => show("error", e.message));
