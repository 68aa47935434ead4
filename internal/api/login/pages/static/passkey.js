// Passkeys are the one thing a browser does only for a script. Everything else on these pages works without this file.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const ids = (list) => (list || []).map((c) => ({ ...c, id: bytes(c.id) }));

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error);
  return said;
}

async function signIn(box) {
  const csrf = box.dataset.csrf;
  const { ticket, options } = await post("/login/passkey/options", { csrf });
  const c = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: ids(options.allowCredentials) },
  });
  const r = c.response;
  return post("/login/passkey", {
    csrf, ticket, next: box.dataset.next,
    credential: {
      id: c.id, rawId: text(c.rawId), type: c.type, authenticatorAttachment: c.authenticatorAttachment, clientExtensionResults: c.getClientExtensionResults(),
      response: {
        clientDataJSON: text(r.clientDataJSON), authenticatorData: text(r.authenticatorData), signature: text(r.signature),
        userHandle: r.userHandle ? text(r.userHandle) : undefined,
      },
    },
  });
}

async function add(box) {
  const csrf = box.dataset.csrf;
  const { ticket, options } = await post("/login/passkey/new/options", { csrf });
  const c = await navigator.credentials.create({
    publicKey: {
      ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: ids(options.excludeCredentials),
    },
  });
  return post("/login/passkey/new", {
    csrf, ticket, name: box.querySelector("input").value,
    credential: {
      id: c.id, rawId: text(c.rawId), type: c.type, authenticatorAttachment: c.authenticatorAttachment, clientExtensionResults: c.getClientExtensionResults(),
      response: { clientDataJSON: text(c.response.clientDataJSON), attestationObject: text(c.response.attestationObject), transports: c.response.getTransports() },
    },
  });
}

for (const box of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  box.hidden = false;
  const button = box.querySelector("button");
  const note = box.querySelector("[role=alert]");
  button.addEventListener("click", async () => {
    button.disabled = true;
    note.hidden = true;
    try {
      location.assign((await (box.dataset.passkey === "new" ? add(box) : signIn(box))).location);
    } catch (e) {
      note.textContent = e.name === "NotAllowedError" ? "The passkey was not used: it was cancelled, or took too long." : e.message;
      note.hidden = false;
      button.disabled = false;
    }
  });
}
