// What goes over the wire: the call, the answer, the feedback, and why each row matched or not.

import { el } from "./dom.js";
import { post } from "./hooks.js";

const seen = { path: "", call: null, got: null, feedback: null, rows: null };
const TABS = [
  ["request", "Request"], ["response", "Response"], ["rows", "Why each row matched"],
  ["feedback", "Feedback"],
];
let open = false;
let tab = "request";

const root = document.getElementById("wire");
const state = el("span", { class: "state" });
const body = el("div", { class: "panel", id: "wire-panel", role: "tabpanel", tabindex: "0" });
const toggle = el("button", { type: "button", "aria-expanded": "false", "aria-controls": "wire-body",
  onclick: () => setOpen(!open) }, "Behind the advice");
const tabs = TABS.map(([id, name]) => el("button", {
  type: "button", role: "tab", id: `tab-${id}`, "aria-controls": "wire-panel",
  onclick: () => pick(id), onkeydown: (event) => step(event, id),
}, name));
const inside = el("div", { id: "wire-body", hidden: true },
  el("div", { role: "tablist", "aria-label": "Behind the advice" }, tabs), body);
root.append(el("h2", { id: "wire-title" }, toggle), state, inside);

function setOpen(on) {
  open = on;
  toggle.setAttribute("aria-expanded", String(on));
  inside.hidden = !on;
  root.classList.toggle("open", on);
  if (on) draw();
}

function pick(id) {
  tab = id;
  draw();
}

function step(event, id) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  const at = (TABS.findIndex(([one]) => one === id) + by + TABS.length) % TABS.length;
  pick(TABS[at][0]);
  tabs[at].focus();
}

export function showExchange(path, call, got) {
  Object.assign(seen, { path, call, got, rows: null });
  const count = got.content.cards?.length;
  const cards = count === undefined ? "refused" : `${count} ${count === 1 ? "card" : "cards"}`;
  state.textContent = `${call.hook} · ${got.status} · ${cards} · ${got.took} ms`;
  if (open) draw();
}

export function showFeedback(told) {
  seen.feedback = told;
  if (open) draw();
}

function copied(name, text) {
  const button = el("button", { type: "button", onclick: async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "This browser does not let the page copy";
    }
  } }, name);
  return button;
}

function json(content, path) {
  const text = JSON.stringify(content, null, 2);
  const to = `${location.origin}${path}`;
  const curl = `curl -s -H 'Content-Type: application/json' --data-binary @- ${to} <<'END'\n${text}\nEND\n`;
  return [
    el("div", { class: "copy" }, copied("Copy JSON", text), path ? copied("Copy as curl", curl) : ""),
    el("pre", { class: "json" }, text),
  ];
}

function draw() {
  for (const [at, [id]] of TABS.entries()) {
    tabs[at].setAttribute("aria-selected", String(id === tab));
    tabs[at].setAttribute("tabindex", id === tab ? "0" : "-1");
  }
  body.setAttribute("aria-labelledby", `tab-${tab}`);
  body.replaceChildren(...DRAWERS[tab]());
  const decides = body.querySelector(".matches");
  if (decides) body.scrollTop = decides.offsetTop - body.clientHeight / 2;
}

const none = (said) => [el("p", { class: "none" }, said)];

const DRAWERS = {
  request: () => (seen.call ? json(seen.call, seen.path) : none("No call yet.")),
  response: () => (seen.got ? json(seen.got.content, "") : none("No answer yet.")),
  feedback: () => {
    if (!seen.feedback) return none("Nothing was accepted or overridden yet.");
    const said = seen.feedback.status === 200 ? "stored" : `not stored (${seen.feedback.status})`;
    return [el("p", { class: "none" }, `Feedback ${said}.`),
      ...json(seen.feedback.body, `${seen.path}/feedback`)];
  },
  rows: () => {
    if (!seen.call) return none("No call yet.");
    if (!seen.rows) explain();
    return seen.rows ? tables(seen.rows) : none("Asking…");
  },
};

async function explain() {
  const { call } = seen;
  const { content } = await post("/order-entry/explain", call);
  if (seen.call !== call) return;
  seen.rows = content;
  if (open && tab === "rows") draw();
}

// Of the row that decides each question stands in full; of the others its name does.
function cell({ criterion, asks, wanted, status }, inFull) {
  const fits = wanted === status;
  const name = inFull ? asks : `${criterion}:`;
  const said = fits ? `${name} ${status}` : `${name} ${status}, asks ${wanted}`;
  return el("li", { class: fits ? "fits" : "fails", title: asks },
    el("span", { "aria-hidden": "true" }, fits ? "✓ " : "✗ "), said);
}

const VERDICTS = { matches: "Decides", "also matches": "Also matches", no: "No" };

function tables({ orders }) {
  if (!orders?.length) return none("No lumbar MRI in this call: the tables were not asked.");
  return orders.flatMap(({ rows }) => {
    const names = [...new Set(rows.map((row) => row.table))];
    return names.map((name) => el("table", {},
      el("caption", {}, `Table ${name}: the first row that matches decides`),
      el("thead", {}, el("tr", {}, ["Row", "Recommendation", "Matches", "Because"].map((h) =>
        el("th", { scope: "col" }, h)))),
      el("tbody", {}, rows.filter((row) => row.table === name).map((row) =>
        el("tr", { class: row.verdict.replace(" ", "-") },
          el("th", { scope: "row" }, row.row),
          el("td", {}, row.recommendation),
          el("td", {}, VERDICTS[row.verdict]),
          el("td", {}, row.cells.length ? el("ul", {}, row.cells.map((one) => cell(one, row.verdict === "matches"))) : "always"))))));
  });
}
