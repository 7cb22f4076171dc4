"use strict";

const token = new URLSearchParams(location.search).get("token") || "";
const socket = new WebSocket(`${window.CHAT_URL}?token=${encodeURIComponent(token)}`);
const status = document.getElementById("status");
const text = document.getElementById("text");

socket.addEventListener("open", () => {
  status.textContent = "Connected.";
});
socket.addEventListener("close", () => {
  status.textContent = "Not connected: the token at the end of the address is not known, or the chat is gone.";
});
socket.addEventListener("message", (event) => {
  const told = JSON.parse(event.data);
  const line = document.createElement("li");
  line.textContent = told.error || `${told.from}: ${told.text}`; // never as HTML: it may be anybody's text
  document.getElementById("heard").append(line);
});
document.getElementById("say").addEventListener("submit", (event) => {
  event.preventDefault();
  socket.send(JSON.stringify({ action: "say", text: text.value }));
  text.value = "";
});
