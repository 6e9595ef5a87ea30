// Makes the console live. Every page works without it; nothing is kept outside this page's memory.
"use strict";

const page = document.body.dataset;
const live = document.getElementById("live");
const connection = document.getElementById("connection");
const notice = document.getElementById("notice");
const replyForm = document.getElementById("reply");
const HERE_EVERY = 60000; // ms between two words to the server that somebody is at this page
const QUIET_TOO_LONG = 40000; // ms without a beat (every 15 s) after which the stream counts as dead
const RETRY = 3000;

// Fragments come from our own server, which escaped every text in them.
const policy = window.trustedTypes
  ? trustedTypes.createPolicy("console", { createHTML: (html) => html })
  : { createHTML: (html) => html };

// Makes `was` equal to `now` and keeps every element that can stay: focus and scroll stay with it.
function morph(was, now) {
  if (was.nodeName !== now.nodeName || was.id !== now.id) return was.replaceWith(now);
  if (was.nodeType !== Node.ELEMENT_NODE) {
    if (was.nodeValue !== now.nodeValue) was.nodeValue = now.nodeValue;
    return;
  }
  for (const { name } of [...was.attributes]) if (!now.hasAttribute(name)) was.removeAttribute(name);
  for (const { name, value } of now.attributes) {
    if (was.getAttribute(name) !== value) was.setAttribute(name, value);
  }
  morphChildren(was, now);
}

function morphChildren(was, now) {
  let at = was.firstChild;
  for (const next of [...now.childNodes]) {
    const kept = next.id && [...was.children].find((child) => child.id === next.id);
    if (kept && kept !== at) was.insertBefore(kept, at);
    else if (!at || (next.id && !kept) || (at.id && !next.id && at.nodeName === next.nodeName)) {
      was.insertBefore(next, at);
      continue;
    }
    const old = kept || at;
    at = old.nextSibling;
    morph(old, next);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function scrolled() {
  const log = document.getElementById("log");
  return log && { log, wasAtEnd: log.scrollHeight - log.scrollTop - log.clientHeight < 60 };
}

function showPart(html) {
  const before = scrolled();
  const waited = waiting();
  const called = calls();
  const fresh = new DOMParser().parseFromString(policy.createHTML(html), "text/html").body;
  morphChildren(live, fresh);
  const after = scrolled();
  if (after && (!before || before.wasAtEnd)) after.log.scrollTop = after.log.scrollHeight;
  if (waiting() > waited || calls() > called || newFromHer(before)) alertHer();
  fitState();
}

let seen = 0;
function newFromHer(before) {
  const count = live.querySelectorAll(".line.her, .sign.danger, .sign.pocket_word").length;
  const isNews = Boolean(before) && count > seen;
  seen = count;
  return isNews;
}

function waiting() {
  const section = document.getElementById("waiting");
  return section ? Number(section.dataset.count) : 0;
}

// How often urgent ones that nobody takes have been called out by now.
function calls() {
  const section = document.getElementById("waiting");
  return section ? Number(section.dataset.calls) : 0;
}

// The page says at once, on any width, that nothing can be sent now.
function fitState() {
  const count = waiting();
  document.title = (count ? "(" + count + ") " : "") + document.title.replace(/^\(\d+\) /, "");
  if (!replyForm) return;
  const isShut = Boolean(live.querySelector("[data-is-shut]"));
  replyForm.querySelector("button").disabled = isShut;
}

// -- the stream ---------------------------------------------------------------------------------

let events = null;
let lastBeat = 0;

function listen() {
  if (events) events.close();
  events = new EventSource(page.events);
  lastBeat = Date.now();
  events.onopen = () => setConnected(true);
  events.addEventListener("part", (event) => {
    setConnected(true);
    showPart(JSON.parse(event.data));
  });
  events.addEventListener("over", () => location.reload());
  events.onerror = () => {
    setConnected(false);
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, RETRY);
  };
}

function setConnected(is) {
  lastBeat = Date.now();
  connection.textContent = is ? "" : page.disconnected;
}

// -- her reply ----------------------------------------------------------------------------------

function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
    byte.toString(16).padStart(2, "0")
  ).join("");
}

async function post(address, fields) {
  return fetch(address, { method: "POST", headers: { Accept: "text/plain" }, body: fields });
}

// What was typed stays in the box until the server has it; a lost answer sends it once only.
async function send(event) {
  event.preventDefault();
  const box = replyForm.elements.text;
  const button = replyForm.querySelector("button");
  if (!box.value.trim() || button.disabled) return;
  const typed = box.value;
  button.disabled = true;
  notice.textContent = page.sending;
  try {
    const answer = await post(replyForm.action, new URLSearchParams(new FormData(replyForm)));
    if (answer.status === 204) {
      if (box.value === typed) box.value = "";
      replyForm.elements.once.value = newId();
      notice.textContent = page.sent;
    } else {
      notice.textContent = await answer.text();
    }
  } catch {
    notice.textContent = page.failed;
  }
  button.disabled = false;
  fitState();
  box.focus();
}

function typed(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  replyForm.requestSubmit();
}

function keepDraft(event) {
  if (replyForm.elements.text.value.trim()) event.preventDefault();
}

// -- presence, blur, alerts ---------------------------------------------------------------------

let hereAt = Date.now();
function here() {
  if (!page.form || Date.now() - hereAt < HERE_EVERY) return;
  hereAt = Date.now();
  post("/console/here", new URLSearchParams({ form: page.form })).catch(() => setConnected(false));
}

function toggleBlur(button) {
  const is = document.body.classList.toggle("blurred");
  button.setAttribute("aria-pressed", String(is));
  button.textContent = is ? page.unblur : page.blur;
}

let sound = null;
function alertHer() {
  if (!sound) return;
  const tone = sound.createOscillator();
  const loudness = sound.createGain();
  tone.frequency.value = 660;
  loudness.gain.setValueAtTime(0.15, sound.currentTime);
  loudness.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + 0.5);
  tone.connect(loudness).connect(sound.destination);
  tone.start();
  tone.stop(sound.currentTime + 0.5);
  // Nothing of anybody: whoever sees the screen learns only that there is work.
  if (document.hidden && window.Notification && Notification.permission === "granted") {
    new Notification("Kuska", { body: page.alert, tag: "kuska" });
  }
}

function startAlerts(button) {
  sound = sound || new AudioContext();
  button.textContent = page.alertsOn;
  button.setAttribute("aria-pressed", "true");
  if (window.Notification && Notification.permission === "default") Notification.requestPermission();
}

// A ready phrase goes where the cursor is; what was typed stays.
function insertCanned(select) {
  const box = replyForm.elements.text;
  const before = box.value.slice(0, box.selectionStart);
  const gap = before && !/\s$/.test(before) ? " " : "";
  if (select.value) box.setRangeText(gap + select.value, box.selectionStart, box.selectionEnd, "end");
  select.value = "";
  box.focus();
}

function reveal(id, act) {
  const button = document.getElementById(id);
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => act(button));
}

function start() {
  reveal("blur", toggleBlur);
  reveal("alerts", startAlerts);
  for (const happening of ["keydown", "pointerdown"]) document.addEventListener(happening, here);
  if (replyForm) {
    replyForm.addEventListener("submit", send);
    replyForm.elements.text.addEventListener("keydown", typed);
    window.addEventListener("beforeunload", keepDraft);
    const canned = document.getElementById("canned");
    canned.hidden = false;
    canned.querySelector("select").addEventListener("change", (event) =>
      insertCanned(event.target)
    );
  }
  if (!page.events) return;
  newFromHer(null);
  const now = scrolled();
  if (now) {
    now.log.scrollTop = now.log.scrollHeight;
    document.scrollingElement.scrollTop = document.scrollingElement.scrollHeight;
  }
  fitState();
  listen();
}

start();
