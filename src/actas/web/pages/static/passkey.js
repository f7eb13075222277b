// Passkeys: browsers make and use them for nobody but a script. This is the only one there is.
// It shows the forms that are of use here, asks the browser for what a form says, and sends the answer with it.
"use strict";

(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (one) => String.fromCharCode(one)).join(""))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const made = async (asked) => {
    const user = { ...asked.user, id: bytes(asked.user.id) };
    const excludeCredentials = named(asked.excludeCredentials);
    const publicKey = { ...asked, challenge: bytes(asked.challenge), user, excludeCredentials };
    const found = await navigator.credentials.create({ publicKey });
    const attestationObject = text(found.response.attestationObject);
    return [found, { clientDataJSON: text(found.response.clientDataJSON), attestationObject }];
  };

  const used = async (asked) => {
    const allowCredentials = named(asked.allowCredentials);
    const publicKey = { ...asked, challenge: bytes(asked.challenge), allowCredentials };
    const found = await navigator.credentials.get({ publicKey });
    const response = {
      clientDataJSON: text(found.response.clientDataJSON),
      authenticatorData: text(found.response.authenticatorData),
      signature: text(found.response.signature),
    };
    if (found.response.userHandle) response.userHandle = text(found.response.userHandle);
    return [found, response];
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const said = form.querySelector("[data-said]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      said.hidden = true;
      try {
        const ask = form.dataset.passkey === "make" ? made : used;
        const [found, response] = await ask(JSON.parse(form.dataset.asked));
        const clientExtensionResults = {};
        const answer = { id: found.id, rawId: text(found.rawId), type: found.type, response, clientExtensionResults };
        form.elements.answer.value = JSON.stringify(answer);
        form.submit();
      } catch {
        said.hidden = false;
      }
    });
  }
  for (const one of document.querySelectorAll("[data-without-passkey]")) one.hidden = true;
})();
