// Makes the console live. Every page works without it; nothing is kept outside this page's memory.
// `case.js` adds what belongs to one conversation.
"use strict";

const page = document.body.dataset;
const live = document.getElementById("live");
const connection = document.getElementById("connection");
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
  const root = document.scrollingElement;
  return log && {
    log,
    wasAtEnd: log.scrollHeight - log.scrollTop - log.clientHeight < 60,
    pageWasAtEnd: root.scrollHeight - root.scrollTop - root.clientHeight < 60,
  };
}

function showPart(html) {
  const before = scrolled();
  const waited = waiting();
  const called = calls();
  const fresh = new DOMParser().parseFromString(policy.createHTML(html), "text/html").body;
  morphChildren(live, fresh);
  const after = scrolled();
  if (after && (!before || before.wasAtEnd)) after.log.scrollTop = after.log.scrollHeight;
  if (before && before.pageWasAtEnd) document.scrollingElement.scrollTop = document.scrollingElement.scrollHeight;
  const isCalled = (waiting() > waited || calls() > called) && !isResting();
  if (newFromHer(before) || isCalled) alertHer();
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

// Who is at a pause or off is not called.
function isResting() {
  const pressed = live.querySelector('.presence [aria-pressed="true"]');
  return Boolean(pressed) && ["pause", "off"].includes(pressed.value);
}

// How often urgent ones that nobody takes have been called out by now.
function calls() {
  const section = document.getElementById("waiting");
  return section ? Number(section.dataset.calls) : 0;
}

function fitState() {
  const count = waiting();
  document.title = (count ? "(" + count + ") " : "") + document.title.replace(/^\(\d+\) /, "");
  document.dispatchEvent(new Event("part"));
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
  events.addEventListener("over", () => {
    // Without a session the sign-in comes; but a sentence that was begun is not thrown away for it.
    if (document.dispatchEvent(new Event("over", { cancelable: true }))) location.reload();
    else setConnected(false);
  });
  events.onerror = () => {
    setConnected(false);
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, RETRY);
  };
}

function setConnected(is) {
  lastBeat = Date.now();
  connection.textContent = is ? "" : page.disconnected;
}

async function post(address, fields) {
  const send = () => fetch(address, { method: "POST", headers: { Accept: "text/plain" }, body: fields, keepalive: true });
  const answer = await send();
  if (answer.status !== 403 || !(await renewForms())) return answer;
  fields.set("form", page.form);
  return send();
}

// After a new sign-in in another tab the forms of this page are good again; what was typed stays.
async function renewForms() {
  const answer = await fetch("/console/form", { headers: { Accept: "text/plain" } });
  const token = answer.ok ? await answer.text() : page.form;
  if (token === page.form) return false;
  page.form = token;
  for (const field of document.querySelectorAll("input[name=form]")) field.value = token;
  return true;
}

// -- presence, alerts ---------------------------------------------------------------------

let hereAt = Date.now();
function here() {
  if (!page.form || Date.now() - hereAt < HERE_EVERY) return;
  hereAt = Date.now();
  post("/console/here", new URLSearchParams({ form: page.form })).catch(() => setConnected(false));
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

function reveal(id, act) {
  const button = document.getElementById(id);
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => act(button));
}

function start() {
  reveal("alerts", startAlerts);
  for (const happening of ["keydown", "pointerdown"]) document.addEventListener(happening, here);
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
