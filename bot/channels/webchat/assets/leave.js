// Leaving at once, and never showing an old conversation again. It stands alone, so that it works
// whatever happens to the rest of the page.
"use strict";

const IDLE = 30 * 60 * 1000; // ms without a word from her; then the session is over on the server

let actedAt = Date.now();
let escapedAt = -Infinity;

function leave() {
  const away = document.body.dataset.away;
  document.documentElement.textContent = "";
  document.cookie = "left=1; path=/; SameSite=Strict"; // heard later if the beacon is lost now
  navigator.sendBeacon("/web/exit");
  location.replace(away);
}

function stillHere() {
  actedAt = Date.now();
}

document.getElementById("leave").addEventListener("click", (event) => {
  event.preventDefault();
  leave();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (event.timeStamp - escapedAt < 1000) leave();
  escapedAt = event.timeStamp;
});

document.addEventListener("submit", stillHere);
document.addEventListener("click", stillHere);
setInterval(() => {
  if (Date.now() - actedAt > IDLE) location.reload();
}, 20000);

window.addEventListener("pagehide", () => {
  document.body.hidden = true;
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
