// The chart: an overview along the line of time, and below it every entry, newest first.

import { el, svg } from "./dom.js";
import { entriesOf, entryRow } from "./visits.js";

const SIX_WEEKS = 42;
const LANES = ["Problem", "Visit", "Result", "Drug", "Procedure"];
const LANE = 18;
const LEFT = 72;
const OLDEST = 3650;
const ROOMY = 460; // pixels: below, the names of two ticks would touch

// Six weeks take more than half of the width: that is where the question is.
function place(ago, width) {
  const room = width - LEFT - 12;
  const six = room * 0.58;
  const year = room * 0.3;
  const right = width - 12;
  if (ago <= SIX_WEEKS) return right - (ago / SIX_WEEKS) * six;
  if (ago <= 365) return right - six - ((ago - SIX_WEEKS) / (365 - SIX_WEEKS)) * year;
  const far = Math.min(1, Math.log(ago / 365) / Math.log(OLDEST / 365));
  return right - six - year - far * (room - six - year);
}

function drawing(entry, width) {
  const y = LANES.indexOf(entry.kind) * LANE + LANE / 2;
  const x = place(entry.ago, width);
  const given = { class: `mark ${entry.kind}`, "data-reference": entry.reference };
  if (entry.supply) {
    const end = place(Math.max(0, entry.ago - entry.supply), width);
    return svg("rect", { ...given, x, y: y - 4, width: Math.max(8, end - x), height: 8, rx: 4 });
  }
  return svg("circle", { ...given, cx: x, cy: y, r: 5 });
}

function overview(entries, width) {
  const height = LANES.length * LANE;
  const ticks = [[0, "today"], [14, "2 w"], [SIX_WEEKS, "6 weeks"], [365, "1 y"]];
  if (width > ROOMY) ticks.push([182, "6 mo"]);
  const dated = entries.filter((e) => e.ago !== undefined && LANES.includes(e.kind));
  return svg("svg",
    {
      class: "overview", width, height: height + 18, viewBox: `0 0 ${width} ${height + 18}`,
      role: "img", "aria-label": "The entries below along the line of time, from years ago to today",
    },
    LANES.map((name, at) => {
      const label = svg("text", { x: 0, y: at * LANE + LANE / 2 + 4, class: "lane" });
      label.textContent = name;
      const y = at * LANE + LANE / 2;
      return [svg("line", { x1: LEFT, x2: width, y1: y, y2: y, class: "rail" }), label];
    }),
    ticks.map(([ago, said]) => {
      const x = place(ago, width);
      const six = ago === SIX_WEEKS ? "six" : "";
      const label = svg("text", { x, y: height + 13, class: `tick ${six}`,
        "text-anchor": ago ? "middle" : "end" });
      label.textContent = said;
      return [svg("line", { x1: x, x2: x, y1: 0, y2: height, class: `stroke ${six}` }), label];
    }),
    dated.map((entry) => drawing(entry, width)));
}

function groups(entries) {
  const of = (test) => entries.filter(test);
  return [
    ["Today", of((e) => e.ago === 0)],
    ["In the last six weeks", of((e) => e.ago > 0 && e.ago < SIX_WEEKS)],
    ["Six weeks ago and earlier", of((e) => e.ago >= SIX_WEEKS)],
    ["Without a date", of((e) => e.ago === undefined)],
  ];
}

const NAMES = { Observation: "Results", Condition: "Problems", Procedure: "Procedures" };
let drawn = () => {};
let marked = [[], new Map()];

export function showChart(patient, asOf) {
  const chart = document.getElementById("chart");
  const entries = entriesOf(patient, asOf);
  const picture = el("div", { class: "picture" });
  const missing = patient.unavailable.map((kind) =>
    el("p", { class: "missing" }, `${NAMES[kind] ?? kind}: the record system did not give them today.`));
  const lists = groups(entries)
    .filter(([, found]) => found.length)
    .map(([name, found]) => [
      el("h3", { class: name.startsWith("Six") ? "six" : "" }, name),
      el("ul", { class: "entries" }, found.map(entryRow)),
    ]);
  chart.replaceChildren(picture, ...missing, ...lists.flat());
  let width = 0;
  drawn = () => {
    if (picture.clientWidth === width) return;
    width = picture.clientWidth;
    picture.replaceChildren(overview(entries, Math.max(240, width)));
    markProof(...marked);
  };
  drawn();
}

new ResizeObserver(() => drawn()).observe(document.getElementById("chart"));

function every(reference) {
  return document.querySelectorAll(`[data-reference="${CSS.escape(reference)}"]`);
}

// Marks the entries that cards rest on, each by its number and the most severe of its cards.
export function markProof(proofs, numbers) {
  marked = [proofs, numbers];
  document.getElementById("legend").hidden = !numbers.size;
  for (const one of document.querySelectorAll(".proof")) {
    one.classList.remove("proof", "critical", "warning", "info");
  }
  for (const one of document.querySelectorAll("[data-number]")) delete one.dataset.number;
  for (const severity of ["critical", "warning", "info"]) {
    const found = proofs.filter((proof) => proof.indicator === severity);
    for (const { reference } of found) mark(reference, severity, numbers.get(reference));
  }
  raise();
}

function mark(reference, severity, number) {
  for (const one of every(reference)) {
    if (one.classList.contains("proof")) continue;
    one.classList.add("proof", severity);
    const named = one.querySelector(".what, .pick");
    if (named) named.dataset.number = number;
  }
}

// A mark that is drawn later lies on top: those that count must not be hidden by others.
function raise() {
  for (const one of document.querySelectorAll(".overview .proof")) one.parentNode.append(one);
}

export function point(reference, on) {
  for (const one of every(reference)) one.classList.toggle("pointed", on);
}

export function goTo(reference, from) {
  const [entry] = document.querySelectorAll(`.entry[data-reference="${CSS.escape(reference)}"]`);
  const target = entry ?? every(reference)[0];
  if (!target) return;
  target.setAttribute("tabindex", "-1");
  target.scrollIntoView({ block: "center" });
  target.focus({ preventScroll: true });
  const back = (event) => {
    if (event.key !== "Escape") return;
    target.removeEventListener("keydown", back);
    from.focus();
  };
  target.addEventListener("keydown", back);
}
