// The doors: a card for each API, whose buttons send a request with a good credential,
// a bad one or none, and which shows what came back.

import { last, next } from "./calls.js";

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

// doors makes the cards.
export function doors(place, all) {
  for (const door of all) {
    // What is short is read out; the rest is there to be read.
    const result = element("div", { class: "result" }, element("div", { role: "status" }, element("p", { class: "quiet" }, "Not tried yet.")), element("div"));
    const row = element("div", { class: "row" });
    const card = element("article", { class: "card door", id: "door-" + door.api, "aria-labelledby": "title-" + door.api },
      element("h3", { id: "title-" + door.api }, door.title, element("code", {}, door.path)),
      element("p", { class: "quiet" }, door.about), row, result);
    door.tries.forEach((one, i) => {
      const button = element("button", { type: "button", class: i ? "plain" : "", "data-try": one.name.split(" ")[0].toLowerCase() }, one.name);
      button.onclick = () => send(door, one, card, result);
      row.append(button);
    });
    place.append(card);
  }
}

async function send(door, one, card, result) {
  const buttons = card.querySelectorAll("button");
  buttons.forEach(b => b.disabled = true);
  const path = one.path || door.path;
  const headers = { "Accept": "application/json" };
  const [name, ...rest] = (one.header || "").split(": ");
  if (one.header) {
    headers[name] = rest.join(": ");
  }
  const before = last();
  const begun = performance.now();
  try {
    // Without the browser's own credentials: what is sent is what the button says.
    const response = await fetch(path, { headers, credentials: "omit", cache: "no-store" });
    const body = await response.text();
    const took = performance.now() - begun;
    const said = element("p", { class: "said" }, "…");
    result.firstChild.replaceChildren(answer(response, took), said);
    result.lastChild.replaceChildren(...shown(response, body, path, one.header));
    const gate = await next(before, e => e.from === "gate" && e.api === door.api);
    said.textContent = gate ? gate.text : "The gate has not said what it did.";
    said.dataset.kind = gate ? gate.kind : "";
  } catch {
    result.firstChild.replaceChildren(element("p", { class: "bad" }, "No answer. Is the demo still running?"));
    result.lastChild.replaceChildren();
  } finally {
    buttons.forEach(b => b.disabled = false);
    card.dataset.sent = Number(card.dataset.sent || 0) + 1;
  }
}

// answer is the status, and how long it took.
function answer(response, took) {
  const status = response.status + " " + (response.statusText || words[response.status] || "");
  return element("p", { class: "answer" },
    element("span", { class: "badge " + (response.ok ? "ok" : "bad") }, status),
    element("span", { class: "quiet" }, took < 10 ? took.toFixed(1) + " ms" : Math.round(took) + " ms"));
}

// shown is what the backend got, or else the caller, and the same as a command.
function shown(response, body, path, header) {
  const good = response.ok;
  const parts = [];
  if (good) {
    const got = JSON.parse(body);
    const fields = element("dl", { class: "fields" });
    for (const field of got.identity) {
      fields.append(element("div", {}, element("dt", {}, field.name), element("dd", { title: field.value }, element("bdi", {}, field.text))));
    }
    parts.push(element("h4", {}, "The backend got"), fields);
  } else {
    parts.push(element("h4", {}, "The caller got, and the backend nothing"), element("pre", { tabindex: "0", dir: "auto" }, pretty(body)));
  }
  const command = "curl -i " + (header ? "-H '" + header + "' " : "") + location.origin + path;
  parts.push(element("details", {}, element("summary", {}, good ? "Body, and the same with curl" : "The same with curl"),
    ...good ? [element("pre", { tabindex: "0" }, pretty(body))] : [], element("pre", { tabindex: "0" }, command)));
  return parts;
}

const words = { 200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 429: "Too Many Requests", 500: "Internal Server Error" };

function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 1);
  } catch {
    return body;
  }
}
