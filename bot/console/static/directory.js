// The directory's form: shows what it means while it is filled in. It works without, by a button.
"use strict";

const entry = document.querySelector("form[data-look]");
const meaning = document.getElementById("look");
const box = document.querySelector("input[data-places]");
const LATER = 250; // ms after the last key
let asking = null;
let wait = 0;

// XMLHttpRequest parses the answer into a document of its own, in which no script runs.
function look() {
  if (asking) asking.abort();
  asking = new XMLHttpRequest();
  asking.open("POST", entry.dataset.look);
  asking.responseType = "document";
  asking.onload = () => {
    if (asking.status === 200 && asking.response) {
      meaning.replaceChildren(...document.adoptNode(asking.response.body).childNodes);
    }
  };
  asking.send(new URLSearchParams(new FormData(entry)));
}

async function suggest() {
  const answer = await fetch(box.dataset.places + "?q=" + encodeURIComponent(box.value));
  if (!answer.ok) return;
  const options = (await answer.json()).map((name) => {
    const option = document.createElement("option");
    option.value = name;
    return option;
  });
  box.list.replaceChildren(...options);
}

if (entry && meaning) {
  entry.addEventListener("change", look);
  for (const as of entry.elements) if (!entry.contains(as)) as.addEventListener("change", look);
  entry.querySelector("button[name=look]").hidden = true;
}
if (box) {
  box.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(() => suggest().catch(() => {}), LATER);
  });
}

const copy = document.getElementById("copy");
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById("link").value);
    copy.textContent = copy.dataset.done;
  });
}
