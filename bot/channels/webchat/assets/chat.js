// The conversation. The page does all of this without script too, only slower. Text enters the
// page by textContent alone, and nothing is kept outside this page's memory.
"use strict";

const byId = (id) => document.getElementById(id);
const page = document.body.dataset;
const log = byId("log");
const scroll = byId("scroll");
const box = byId("text");
const notice = byId("notice");
const compose = byId("compose");

const RETRY = 4000; // ms between two tries without a connection
const PATIENCE = 20000; // ms until an answer counts as lost

let position = Number(page.position);
let unsent = null; // the one thing she did that was not answered yet; its id stays the same
let isSending = false;
let retryTimer = 0;
let events = null;
let held = []; // what the stream brought while an answer was awaited: her turn comes first

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text) made.textContent = text;
  return made;
}

// **bold** and `a word to type`; a mark without its pair stays as it was typed.
function formatted(text) {
  const paragraph = document.createElement("p");
  for (const [whole, bold, key] of text.matchAll(/\*\*([^]+?)\*\*|`([^`\n]+)`|[^*`]+|[^]/g)) {
    if (bold || key) paragraph.append(element(bold ? "strong" : "code", "", bold || key));
    else paragraph.append(whole);
  }
  return paragraph;
}

function bubble(text, className, who) {
  const made = element("div", "bubble " + className);
  made.append(element("span", "who", who + ":"), " ");
  const start = byId("start");
  if (start) start.remove();
  made.append(className.startsWith("mine") ? element("p", "", text) : formatted(text));
  log.append(made);
  return made;
}

function offer(choices) {
  const form = element("form", "choices");
  form.setAttribute("role", "group");
  form.setAttribute("aria-label", page.choices);
  for (const choice of choices) {
    const button = element("button", "", choice.title);
    button.name = "choice";
    button.value = choice.id;
    form.append(button);
  }
  log.append(form);
}

function show(message) {
  if (message.position !== null) {
    if (message.position <= position) return null;
    position = message.position;
  }
  if (message.kind === "cover") log.replaceChildren();
  if (message.choices.length) clearChoices();
  const made = bubble(message.text, "theirs " + message.kind, page.theirs);
  made.lang = message.language;
  for (const call of message.calls) {
    const link = element("a", "call", page.call + " " + call.title);
    link.href = "tel:" + call.tel;
    made.append(link);
  }
  if (message.choices.length) offer(message.choices);
  return made;
}

// A long answer is read from its beginning, a short one stands at the end of the page.
function showAll(messages) {
  const first = messages.map(show).find(Boolean);
  if (!first) return;
  const height = log.getBoundingClientRect().bottom - first.getBoundingClientRect().top;
  if (height > scroll.clientHeight) first.scrollIntoView({ block: "start" });
  else scroll.scrollTop = 0; // the reversed box has its end at 0
}

function clearChoices() {
  log.querySelectorAll(".choices").forEach((form) => form.remove());
}

function setBusy(is) {
  isSending = is;
  box.readOnly = is;
  log.querySelectorAll(".choices button").forEach((button) => {
    if (is) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  });
}

function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
    byte.toString(16).padStart(2, "0")
  ).join("");
}

function isSame(a, b) {
  return a.text === b.text && a.choice === b.choice && !a.location && !b.location;
}

// Sends one thing she did; what could not be sent before goes under its old id.
function act(content, label, isTyped, isByKeyboard) {
  if (isSending) return;
  const id = unsent && isSame(unsent.body, content) ? unsent.body.id : newId();
  if (unsent) unsent.bubble.remove();
  const shown = bubble(label, "mine unsent", page.mine);
  const body = Object.assign({ id, language: document.documentElement.lang }, content);
  unsent = { body, bubble: shown, isTyped, isWarned: false };
  if (isTyped) box.value = "";
  fitBox();
  scroll.scrollTop = 0;
  send(isByKeyboard);
}

async function post(body) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  try {
    return await fetch("/web/messages", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(Object.assign({ after: position }, body)),
      signal: stop.signal,
    });
  } finally {
    clearTimeout(timer);
  }
}

async function exchange(body) {
  let response = await post(body);
  if (response.status === 403) {
    // The session is gone, left in another tab perhaps: begin a new one, and show nothing old.
    await fetch("/");
    log.replaceChildren(unsent.bubble);
    position = 0;
    listen();
    response = await post(body);
  }
  return [response.status, await response.json()];
}

async function send(isByKeyboard) {
  setBusy(true);
  clearTimeout(retryTimer);
  notice.textContent = page.sending;
  const focused = document.activeElement;
  const answer = await exchange(unsent.body).catch(() => null);
  setBusy(false);
  if (answer) {
    take(...answer);
  } else {
    giveBack();
    notice.textContent = page.offline;
    retryTimer = setTimeout(retry, RETRY);
  }
  showAll(held.splice(0));
  if (isByKeyboard && !focused.isConnected) (log.querySelector(".choices button") || box).focus();
}

function take(status, answer) {
  if (status === 200) {
    unsent.bubble.classList.remove("unsent");
    unsent = null;
    notice.textContent = "";
    clearChoices();
    if (answer.is_over) return finish(answer.messages);
  } else {
    giveBack();
    notice.textContent = answer.error;
    if (status >= 500) retryTimer = setTimeout(retry, RETRY);
    if (unsent.isWarned) return; // said once, however often it is tried again
    unsent.isWarned = true;
  }
  showAll(answer.messages);
  const last = answer.messages[answer.messages.length - 1];
  // Her language changed: the labels of the page follow.
  if (status === 200 && last && last.language !== document.documentElement.lang) location.reload();
}

function finish(messages) {
  if (messages.some((message) => message.kind === "cover")) return leave();
  if (events) events.close();
  events = null;
  held = [];
  position = 0;
  log.replaceChildren();
  showAll(messages);
}

// What was not sent goes back into the box, where she can see it, change it or delete it.
function giveBack() {
  unsent.bubble.remove();
  if (unsent.isTyped) box.value = unsent.body.text;
  fitBox();
}

function retry() {
  if (!unsent || isSending) return;
  if (unsent.isTyped ? box.value.trim() !== unsent.body.text : box.value) return;
  log.append(unsent.bubble);
  if (unsent.isTyped) box.value = "";
  send(false);
}

function listen() {
  if (events) events.close();
  events = new EventSource("/web/events?after=" + position);
  events.onopen = () => {
    if (notice.textContent === page.offline && !unsent) notice.textContent = "";
    retry();
  };
  events.onmessage = (event) => {
    held.push(JSON.parse(event.data));
    if (!isSending) showAll(held.splice(0));
  };
  events.onerror = () => {
    notice.textContent = notice.textContent || page.offline;
    if (events && events.readyState === EventSource.CLOSED) setTimeout(() => events && listen(), RETRY);
  };
}

function fitBox() {
  box.style.height = "auto";
  box.style.height = box.scrollHeight + 2 + "px";
}

function sharePlace() {
  notice.textContent = page.placeWait;
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      act({ location: { lat: coords.latitude, lon: coords.longitude } }, page.place, false, false);
    },
    () => {
      notice.textContent = page.placeFailed;
    },
    { timeout: 15000, maximumAge: 60000 }
  );
}

function submitted(event) {
  event.preventDefault();
  const button = event.submitter;
  if (event.target === compose) {
    const text = box.value.trim();
    if (text) act({ text }, text, true, false);
  } else if (!button.getAttribute("aria-disabled")) {
    const isByKeyboard = button.matches(":focus-visible");
    act({ [button.name]: button.value }, button.textContent, false, isByKeyboard);
  }
}

function typed(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  compose.requestSubmit();
}

function start() {
  document.addEventListener("submit", submitted);
  box.addEventListener("input", fitBox);
  box.addEventListener("keydown", typed);
  byId("place").addEventListener("click", sharePlace);
  byId("place").hidden = !(window.isSecureContext && navigator.geolocation);
  byId("refresh").hidden = true;
  window.addEventListener("online", retry);
  if (matchMedia("(hover: hover)").matches) box.focus();
  listen();
}

// A browser too old for this keeps the plain forms, which do the same.
if (window.SubmitEvent && "submitter" in SubmitEvent.prototype && log.replaceChildren) start();
