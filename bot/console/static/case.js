// One conversation: the box, its draft, services and phrases beside it, covered texts.
"use strict";

const form = document.getElementById("reply");
const box = form.elements.text;
const sendButton = document.getElementById("send");
const notice = document.getElementById("notice");
const SAVE_AFTER = 1000; // ms without a key after which the draft is kept

function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
    byte.toString(16).padStart(2, "0")
  ).join("");
}

function fields(names, more) {
  const all = new FormData(form);
  return new URLSearchParams({
    ...Object.fromEntries(names.map((name) => [name, all.get(name) || ""])),
    ...more,
  });
}

// -- the draft ----------------------------------------------------------------------------------

let kept = box.defaultValue; // what the server has
let saving = null;
let timer = 0;

function saveSoon() {
  clearTimeout(timer);
  timer = setTimeout(save, SAVE_AFTER);
  document.getElementById("long").hidden = box.value.length <= Number(box.dataset.long);
}

// One save at a time; what is typed meanwhile is saved after it.
async function save() {
  clearTimeout(timer);
  if (saving || box.value === kept) return;
  const typed = box.value;
  saving = post(form.dataset.draft, fields(["form", "once", "text"]));
  try {
    const answer = await saving;
    if (answer.status === 204) kept = typed;
    else notice.textContent = await answer.text();
  } catch {
    setConnected(false);
  }
  saving = null;
  if (box.value !== typed) saveSoon();
}

// -- her reply ----------------------------------------------------------------------------------

// What was typed stays in the box until the server has it; a lost answer sends it once only.
async function send() {
  if (!box.value.trim() || sendButton.disabled) return;
  clearTimeout(timer);
  await Promise.allSettled([saving]);
  const typed = box.value;
  sendButton.disabled = true;
  notice.textContent = page.sending;
  try {
    const answer = await post(form.action, fields(["form", "once", "given", "text"]));
    if (answer.status === 204) {
      if (box.value === typed) box.value = "";
      kept = "";
      form.elements.once.value = newId();
      form.elements.given.value = "";
      notice.textContent = page.sent;
      saveSoon();
    } else {
      notice.textContent = await answer.text();
    }
  } catch {
    notice.textContent = page.failed;
  }
  fitBox();
  box.focus();
}

function typed(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
}

// Nothing can be sent now: the button says so at once, on any width.
function fitBox() {
  sendButton.disabled = Boolean(live.querySelector("[data-is-shut]"));
}

// Another form of the page was sent: what stands in the box is kept on the way.
let isLeaving = false;
function leave(event) {
  if (event.target === form || event.defaultPrevented) return;
  isLeaving = true;
  save();
}

// She erased, or another has the case: what was typed for her leaves this screen too.
function emptyIfGone() {
  if (!document.getElementById("gone")) return;
  clearTimeout(timer);
  for (const other of document.querySelectorAll("textarea, #reply input:not([type=hidden])")) other.value = "";
  kept = "";
  document.getElementById("found").replaceChildren();
}

function warnOfLoss(event) {
  const notes = [...document.querySelectorAll("textarea")].some(
    (other) => other !== box && other.value.trim()
  );
  if (!isLeaving && (box.value !== kept || notes)) event.preventDefault();
}

// -- services and phrases -----------------------------------------------------------------------

// It goes where the cursor is; what was typed stays.
function insert(text) {
  const before = box.value.slice(0, box.selectionStart);
  const gap = before && !/\s$/.test(before) ? (text.includes("\n") ? "\n\n" : " ") : "";
  box.setRangeText(gap + text, box.selectionStart, box.selectionEnd, "end");
  saveSoon();
  box.focus();
}

async function seek(at = "") {
  const found = document.getElementById("found");
  try {
    const answer = await post(form.dataset.services, fields(["form", "words", "need"], { at }));
    if (!answer.ok) {
      notice.textContent = await answer.text();
      return;
    }
    const html = policy.createHTML(await answer.text());
    found.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  } catch {
    notice.textContent = page.failed;
  }
}

// Whom she was told of, she may go on to.
function mayMoveTo(button) {
  const list = document.getElementById("move-to");
  if ([...list.options].some((option) => option.value === button.dataset.service)) return;
  list.add(new Option(button.dataset.name, button.dataset.service), 0);
}

async function give(button) {
  button.disabled = true;
  try {
    const answer = await post(button.formAction, fields(["form", "once", "text"], {
      service: button.value,
    }));
    notice.textContent = answer.status === 204 ? page.sent : await answer.text();
    button.disabled = answer.status === 204;
    if (answer.status === 204) mayMoveTo(button);
  } catch {
    notice.textContent = page.failed;
    button.disabled = false;
  }
}

function submit(event) {
  event.preventDefault();
  const button = event.submitter;
  switch (button && button.name) {
    case "insert":
      form.elements.given.value += " " + button.dataset.service;
      mayMoveTo(button);
      return insert(button.dataset.text);
    case "phrase":
      return insert(button.dataset.text);
    case "at":
      return seek(button.value);
    case "service":
      return give(button);
    case "seek":
      return seek();
    default:
      return send();
  }
}

function sift(event) {
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const wanted = plain(event.target.value).split(/\s+/);
  let shown = 0;
  for (const item of document.querySelectorAll("#phrases li")) {
    const text = plain(item.textContent);
    item.hidden = !wanted.every((word) => text.includes(word));
    shown += Number(!item.hidden);
  }
  document.getElementById("no-phrase").hidden = shown > 0;
}

// -- covered texts ------------------------------------------------------------------------------

const COVERABLE = ".line.her .text, .line.note .text, #summary .text";
const uncovered = new Set();

function nameOf(text) {
  return text.closest("[id]").id + " " + text.textContent;
}

function coverTexts() {
  const is = document.body.classList.contains("blurred");
  for (const text of live.querySelectorAll(COVERABLE)) {
    const isOpen = uncovered.has(nameOf(text));
    text.classList.toggle("open", is && isOpen);
    for (const [name, value] of [["tabindex", "0"], ["role", "button"]]) {
      if (is && !isOpen) text.setAttribute(name, value);
      else text.removeAttribute(name);
    }
  }
}

function toggleBlur(button) {
  const is = document.body.classList.toggle("blurred");
  uncovered.clear();
  button.setAttribute("aria-pressed", String(is));
  button.textContent = is ? page.unblur : page.blur;
  coverTexts();
}

function uncover(event) {
  const text = event.target.closest && event.target.closest(COVERABLE);
  if (!text || !document.body.classList.contains("blurred")) return;
  if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  uncovered.add(nameOf(text));
  coverTexts();
}

function startCase() {
  reveal("blur", toggleBlur);
  live.addEventListener("click", uncover);
  live.addEventListener("keydown", uncover);
  document.addEventListener("part", () => {
    emptyIfGone();
    fitBox();
    coverTexts();
  });
  document.addEventListener("over", (event) => {
    if (box.value !== kept) event.preventDefault();
  });
  form.addEventListener("submit", submit);
  box.addEventListener("keydown", typed);
  box.addEventListener("input", saveSoon);
  document.addEventListener("visibilitychange", save);
  document.addEventListener("submit", leave);
  window.addEventListener("beforeunload", warnOfLoss);
  const search = document.getElementById("sift");
  search.hidden = false;
  search.querySelector("input").addEventListener("input", sift);
  fitBox();
}

startCase();
