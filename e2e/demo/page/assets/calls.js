// The list of calls, as the demo's server tells them, and the numbers above it.

const by = id => document.getElementById(id);
const titles = { thammasat: "Thammasat", ippanel: "IPPanel", bts: "BTS", webservice: "Web service" };
const shownAtMost = 60;

let newest = 0;
const events = []; // the last ones, for those who wait
const waiting = new Set();

// last is the newest event's number.
export const last = () => newest;

// next waits for the first event after one that fits; null: none came.
export function next(after, fits) {
  return new Promise(resolve => {
    const look = () => {
      const found = events.find(e => e.id > after && fits(e));
      if (found) {
        done(found);
      }
    };
    const done = found => {
      clearTimeout(timer);
      waiting.delete(look);
      resolve(found);
    };
    const timer = setTimeout(() => done(null), 5000);
    waiting.add(look);
    look();
  });
}

// listen begins.
export function listen() {
  const source = new EventSource("/demo/events");
  const live = by("live");
  source.onopen = () => { live.textContent = "live"; live.className = "live on"; };
  source.onerror = () => { live.textContent = "no connection to the demo"; live.className = "live off"; };
  source.onmessage = message => add(JSON.parse(message.data));
  source.addEventListener("summary", message => summarize(JSON.parse(message.data)));
  by("clear").onclick = () => { by("calls").replaceChildren(); by("none").hidden = false; };
}

function add(event) {
  if (event.id <= newest) {
    return;
  }
  newest = event.id;
  events.push(event);
  if (events.length > 200) {
    events.shift();
  }
  show(event);
  waiting.forEach(look => look());
}

function show(event) {
  const row = document.createElement("li");
  row.className = "kind-" + event.kind;
  row.append(
    part("time", new Date(event.at).toLocaleTimeString("en-GB")),
    part("span", event.kind === "canary" ? "canary" : event.from === "api" ? "API" : event.from, "chip " + event.kind + " " + event.from),
    part("span", titles[event.api] || event.api || "", "which"),
    part("span", event.text, "text"));
  if (event.detail) {
    row.append(part("small", event.detail));
  }
  const list = by("calls");
  list.prepend(row);
  while (list.children.length > shownAtMost) {
    list.lastChild.remove();
  }
  by("none").hidden = true;
}

function part(name, text, kind) {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) {
    made.className = kind;
  }
  return made;
}

const sum = numbers => Object.values(numbers).reduce((a, b) => a + b, 0);
const fromMemory = requests => (requests.hit || 0) + (requests.stale || 0) + (requests.refused_remembered || 0);

function summarize({ scopes, backend }) {
  tile("requests", scopes.reduce((n, s) => n + sum(s.requests), 0));
  tile("memory", scopes.reduce((n, s) => n + fromMemory(s.requests), 0));
  tile("calls", scopes.reduce((n, s) => n + sum(s.calls), 0));
  tile("backend", backend);
  by("scopes").replaceChildren(...Object.keys(titles).map(api => line(api, scopes.find(s => s.api === api))));
}

function tile(name, number) {
  const place = document.querySelector(`[data-tile=${name}]`);
  const shown = place.querySelector("dd");
  if (shown.textContent === String(number)) {
    return;
  }
  shown.textContent = number;
  place.classList.remove("moved");
  void place.offsetWidth; // so that the movement begins again
  place.classList.add("moved");
}

function line(api, s) {
  const row = document.createElement("tr");
  const asked = s && sum(s.calls) > 0;
  row.append(part("th", titles[api]));
  row.firstChild.scope = "row";
  row.append(part("td", !asked ? "not asked" : s.trusted ? "yes" : "no", asked && s.trusted ? "ok" : "quiet"));
  for (const number of s ? [s.allowed.held, s.denied.held, fromMemory(s.requests), sum(s.calls)] : [0, 0, 0, 0]) {
    row.append(part("td", String(number)));
  }
  return row;
}
