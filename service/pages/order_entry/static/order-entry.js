// The page: one patient, the drafts of the visit, and the advice on them as they change.

import { cardView, evidenceOf, numbered, SEVERITY, topicOf } from "./cards.js";
import { fillForm, nameOf, newDraft, offerStudies, onChange, readForm, showDrafts, studyOf }
  from "./composer.js";
import { el, say } from "./dom.js";
import { callOf, discover, path, post, tell, uuid } from "./hooks.js";
import { showSigned, showSigning } from "./signing.js";
import { markProof, showChart } from "./timeline.js";
import { markVisit, showBanner, showVisits } from "./visits.js";
import { showExchange, showFeedback } from "./wire.js";

const WAIT_MS = 400;
const BUSY_MS = 200;
let data = null;
let here = null;
let waiting = 0;
let serial = 0;
let underway = null;
let announced = "";
let news = ""; // what has to be said before the next advice

const box = document.getElementById("cards");

function arrive(patient) {
  here = {
    patient,
    drafts: [newDraft(patient, data.asOf, patient.order)],
    removed: null,
    signed: null,
    cards: [],
    accepted: new Map(),
    reasons: new Map(),
    outcomes: [],
  };
  here.selected = here.drafts[0].id;
  announced = "";
  news = `${patient.name}. `;
  notice("");
  markVisit(patient);
  showBanner(patient);
  showChart(patient, data.asOf);
  box.replaceChildren();
  compose();
  advise();
}

const selected = () => here.drafts.find((draft) => draft.id === here.selected);

function compose() {
  listDrafts();
  fillForm(selected());
  if (here.signed) showSigned(here, again);
  else showSigning(here, { sign, add, restore });
}

function again() {
  arrive(here.patient);
  document.getElementById("study").focus();
}

function add() {
  const draft = newDraft(here.patient, data.asOf);
  here.drafts.push(draft);
  here.selected = draft.id;
  here.removed = null;
  compose();
  advise();
  document.getElementById("study").focus();
}

function restore() {
  here.drafts.push(here.removed);
  here.selected = here.removed.id;
  here.removed = null;
  compose();
  advise();
  document.getElementById("study").focus();
}

function remove(id) {
  here.removed = here.drafts.find((draft) => draft.id === id) ?? null;
  here.drafts = here.drafts.filter((draft) => draft.id !== id);
  if (here.selected === id) here.selected = here.drafts.find(studyOf)?.id ?? null;
  compose();
}

function changed({ typed }) {
  here.drafts = here.drafts.map((draft) => (draft.id === here.selected ? readForm(draft) : draft));
  here.removed = null;
  listDrafts();
  showSigning(here, { sign, add, restore }); // what was asked at signing is no longer so
  if (!typed) fillForm(selected()); // a study may have no code in the system that was chosen
  clearTimeout(waiting);
  waiting = setTimeout(advise, typed ? WAIT_MS : 0);
}

function listDrafts() {
  showDrafts(here.drafts, here.selected, {
    pick: (draft) => { here.selected = draft.id; compose(); advise(); },
    drop: (draft) => { remove(draft.id); advise(); },
  });
}

async function advise() {
  if (selected()) return consult("order-select");
  clearTimeout(waiting);
  serial += 1;
  underway?.abort();
  return show([]);
}

// Asks the service; of answers that cross on the way only the last is shown.
async function consult(hook) {
  clearTimeout(waiting);
  const mine = ++serial;
  underway?.abort();
  underway = new AbortController();
  const call = callOf(hook, here.patient, here.drafts, here.selected);
  const slow = setTimeout(() => { document.getElementById("busy").hidden = false; }, BUSY_MS);
  try {
    const got = await post(path, call, underway.signal);
    if (mine !== serial) return null;
    showExchange(path, call, got);
    if (got.status !== 200) return fail(got.content.issue?.[0]?.details?.text ?? "refused");
    show(got.content.cards);
    return got.content.cards;
  } catch (problem) {
    return problem.name === "AbortError" ? null : fail("the service did not answer");
  } finally {
    clearTimeout(slow);
    if (mine === serial) document.getElementById("busy").hidden = true;
  }
}

function fail(said) {
  here.cards = [];
  markProof([], new Map());
  box.replaceChildren(el("p", { class: "failed" }, `No advice: ${said}. The order can be signed.`));
  say(`No advice: ${said}`);
  return [];
}

const answers = {
  done: (topic) => here.accepted.get(topic) ?? [],
  overridden: (topic) => here.reasons.get(topic),
};
const isAnswered = (card) => here.reasons.has(topicOf(card)) || here.accepted.has(topicOf(card));

function show(cards) {
  here.cards = cards;
  const numbers = numbered(cards);
  const silent = el("p", { class: "silent" }, here.signed ? "The order is signed." : selected()
    ? "No advice on this order. The service speaks on MRI of the lumbar spine only."
    : "No order, no advice.");
  box.replaceChildren(...(cards.length
    ? cards.map((card) => cardView(card, numbers, answers, { accept, override, reopen }))
    : [silent]));
  markProof(cards.flatMap((card) =>
    evidenceOf(card).map(({ reference }) => ({ reference, indicator: card.indicator }))), numbers);
  announce(cards);
}

function announce(cards) {
  const open = cards.filter((card) => !isAnswered(card));
  const said = open.map((card) => `${SEVERITY[card.indicator]}: ${card.summary}`).join(". ");
  const isNew = said !== announced;
  announced = said;
  const told = news + (isNew ? said || (cards.length ? "All advice is answered." : "No open advice.") : "");
  news = "";
  const urgent = isNew && open.some((card) => card.indicator === "critical");
  if (told) say(told, { urgent });
}

function notice(said) {
  const place = document.getElementById("notice");
  place.textContent = said;
  place.hidden = !said;
  if (said) say(said);
}

async function report(card, outcome) {
  here.outcomes.push({ summary: card.summary, ...outcome });
  const told = await tell({ card: card.uuid, ...outcome.sent });
  showFeedback(told);
  const why = told.content?.issue?.[0]?.details?.text ?? "no answer";
  notice(told.status === 200 ? "" : `What became of the advice could not be stored: ${why}.`);
}

function accept(card, suggestion) {
  const topic = topicOf(card);
  const known = here.accepted.get(topic) ?? [];
  here.accepted.set(topic, [...known, suggestion.label]);
  for (const action of suggestion.actions) carryOut(action);
  news = `Done: ${suggestion.actions[0].description}. `;
  report(card, {
    became: suggestion.label,
    sent: { outcome: "accepted", acceptedSuggestions: [{ id: suggestion.uuid }] },
  });
  compose();
  const changes = suggestion.actions.some((action) => action.type !== "create");
  (changes ? advise() : Promise.resolve(show(here.cards))).then(() => keepFocus(topic));
}

function carryOut(action) {
  if (action.type === "delete") return remove((action.resourceId ?? action.resource).split("/").pop());
  if (action.type === "create") {
    here.drafts.push({ ...action.resource, id: uuid() });
    return null;
  }
  const { resource } = action;
  here.drafts = here.drafts.map((draft) => (draft.id === resource.id ? resource : draft));
  return null;
}

function override(card, reason, comment) {
  const { system, code } = reason;
  const given = { reason: { ...(system ? { system } : {}), code, display: reason.display } };
  here.reasons.set(topicOf(card), reason.display);
  news = `Recorded: ${reason.display}. `;
  report(card, {
    became: reason.display,
    sent: {
      outcome: "overridden",
      overrideReason: comment ? { ...given, userComment: comment } : given,
    },
  });
  compose();
  show(here.cards);
  keepFocus(topicOf(card));
}

function reopen(card) {
  here.reasons.delete(topicOf(card));
  show(here.cards);
  keepFocus(topicOf(card));
}

// What had the focus may be gone: it goes to the card in its place, or to the order.
function keepFocus(topic) {
  if (document.activeElement && document.activeElement !== document.body) return;
  const card = box.querySelector(`[data-topic="${topic}"]`);
  (card ?? document.getElementById("composer")).focus({ preventScroll: !card });
}

async function sign() {
  const visit = here;
  const known = new Set(here.cards.map(topicOf));
  const cards = await consult("order-sign");
  if (!cards || visit !== here) return; // the order was changed meanwhile
  const open = cards.filter((card) => !isAnswered(card)
    && (card.indicator === "critical" || (card.indicator === "warning" && !known.has(topicOf(card)))));
  if (open.length) showSigning(here, { sign, add, restore, open, finish });
  else finish();
}

function finish() {
  const at = new Date().toTimeString().slice(0, 5);
  const unanswered = here.cards.filter((card) => !isAnswered(card)).map((card) => card.summary);
  here.signed = { at, orders: here.drafts.map(nameOf), unanswered };
  here.drafts = [];
  here.selected = null;
  here.removed = null;
  news = `Signed: ${here.signed.orders.join(", ")}. `;
  compose();
  show([]);
}

async function begin() {
  const [told] = await Promise.all([fetch("/order-entry/data").then((r) => r.json()), discover()]);
  data = told;
  offerStudies(data);
  showVisits(data.patients, arrive);
  onChange(changed);
  arrive(data.patients[0]);
}

begin().catch(() => {
  box.replaceChildren(el("p", { class: "failed" }, "The service cannot be reached. Load the page again."));
});
