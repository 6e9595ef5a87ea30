// Asks the device for a passkey, new or known, and posts what it answers.
"use strict";
{
  const form = document.getElementById("passkey");
  const said = document.getElementById("said");
  const use = document.getElementById("use");

  function bytesOf(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  }

  function textOf(buffer) {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  // The options as they came, with bytes where the browser wants bytes.
  function optionsOf(sent) {
    const options = JSON.parse(sent);
    options.challenge = bytesOf(options.challenge);
    if (options.user) options.user.id = bytesOf(options.user.id);
    for (const known of options.excludeCredentials || []) known.id = bytesOf(known.id);
    return options;
  }

  function answerOf(credential) {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = textOf(credential.response[name]);
    }
    const id = textOf(credential.rawId);
    return JSON.stringify({ id, rawId: id, type: credential.type, response });
  }

  function reasonOf(error) {
    if (error.name === "SecurityError") return form.dataset.elsewhere;
    return error.name === "InvalidStateError" ? form.dataset.known : form.dataset.refused;
  }

  async function ask() {
    use.disabled = true;
    said.textContent = "";
    try {
      const publicKey = optionsOf(form.dataset.options);
      const credential = await navigator.credentials[form.dataset.kind]({ publicKey });
      form.elements.answer.value = answerOf(credential);
      form.requestSubmit();
    } catch (error) {
      said.textContent = reasonOf(error);
      use.disabled = false;
    }
  }

  if (window.PublicKeyCredential) {
    document.getElementById("needs-script").hidden = true;
    use.hidden = false;
    use.addEventListener("click", ask);
    use.focus();
  }
}
