// Asks for the PDF without leaving the page: what was typed stays until she closes it. `post` is of
// console.js. Nothing is kept: neither a draft nor the PDF outlives the page.
"use strict";
{
  const form = document.getElementById("referral");
  const said = document.getElementById("said");
  let isChanged = false;

  const save = (pdf) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(pdf);
    link.download = "ficha.pdf";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  const make = async (event) => {
    event.preventDefault();
    const button = form.querySelector("button.main");
    button.disabled = true;
    said.className = "";
    said.textContent = form.dataset.making;
    try {
      const answer = await post(form.action, new URLSearchParams(new FormData(form)));
      if (answer.ok) save(await answer.blob());
      else said.className = "wrong";
      said.textContent = answer.ok ? form.dataset.made : await answer.text();
    } catch {
      said.className = "wrong";
      said.textContent = form.dataset.notMade;
    }
    button.disabled = false;
  };

  form.addEventListener("submit", make);
  form.addEventListener("input", () => (isChanged = true));
  window.addEventListener("beforeunload", (event) => isChanged && event.preventDefault());
}
