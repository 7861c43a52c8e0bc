// The demo's page: it begins the list of calls, makes the doors, and asks who is
// logged in.

import { doors } from "./doors.js";
import { listen } from "./calls.js";

const by = id => document.getElementById(id);

// who asks the guarded page, as a script does, whose session the browser has.
async function who() {
  let user = null;
  try {
    const response = await fetch("/site/me", { headers: { "Accept": "application/json" }, cache: "no-store" });
    if (response.ok) {
      const got = await response.json();
      const field = name => (got.identity.find(f => f.name === name) || {}).text;
      user = { name: field("X-Auth-User"), shown: field("X-Auth-Name") };
    }
  } catch {
    by("who").textContent = "The guarded page does not answer.";
    return;
  }
  by("who").replaceChildren(...user ? ["Logged in as ", strong(user.name), user.shown ? " (" + user.shown + ")" : ""] : ["Not logged in."]);
  by("out").hidden = user !== null;
  by("in").hidden = user === null;
}

function strong(text) {
  const element = document.createElement("strong");
  element.textContent = text;
  return element;
}

const content = await (await fetch("/demo/content", { cache: "no-store" })).json();
by("token").value = content.token;
by("shown").textContent = content.token;
listen();
doors(by("doors"), content.doors);
await who();
addEventListener("pageshow", event => event.persisted && who());
