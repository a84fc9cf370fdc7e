// The order composer: drafts as FHIR resources, and the form that reads and writes one of them.

import { el } from "./dom.js";
import { uuid } from "./hooks.js";

const form = document.getElementById("form");
const [study, reason, words, note] =
  ["study", "reason", "words", "note"].map((id) => document.getElementById(id));
const PRIORITY = { routine: "Routine", urgent: "Urgent", asap: "As soon as possible", stat: "Stat" };
let offer = { studies: [], reasons: [] };

export const nameOf = (draft) =>
  studyOf(draft)?.study.name ?? draft.code?.text ?? draft.code?.coding?.[0]?.display ?? "Order without a name";

export function offerStudies(given) {
  offer = given;
  study.replaceChildren(...given.studies.map((s) => el("option", { value: s.id }, s.name)));
  reason.replaceChildren(el("option", { value: "" }, "none"),
    ...given.reasons.map((r) => el("option", { value: r.coding[0].code }, r.text)));
}

function coded(chosen, system) {
  const coding = chosen.codes[system] ?? Object.values(chosen.codes)[0];
  return { coding: [{ ...coding, display: chosen.name }], text: chosen.name };
}

export function newDraft(patient, asOf, given = {}) {
  const chosen = offer.studies.find((s) => s.id === given.study) ?? offer.studies[0];
  const draft = {
    resourceType: "ServiceRequest",
    id: uuid(),
    status: "draft",
    intent: "order",
    priority: "routine",
    code: coded(chosen, "cpt"),
    subject: { reference: `Patient/${patient.id}` },
    authoredOn: asOf,
  };
  const reasons = reasonsOf(given.reason, given.words);
  return reasons.length ? { ...draft, reasonCode: reasons } : draft;
}

function reasonsOf(code, said) {
  const known = offer.reasons.find((r) => r.coding[0].code === code);
  return [...(known ? [known] : []), ...(said ? [{ text: said }] : [])];
}

export function studyOf(draft) {
  const codes = (draft.code?.coding ?? []).map((c) => c.code);
  for (const one of offer.studies) {
    for (const [system, { code }] of Object.entries(one.codes)) {
      if (codes.includes(code)) return { study: one, system };
    }
  }
  return null;
}

export function fillForm(draft) {
  form.hidden = !draft;
  if (!draft) return;
  const known = studyOf(draft);
  study.value = known?.study.id ?? "";
  choose("system", known?.system ?? "cpt");
  choose("priority", draft.priority ?? "routine");
  const reasons = draft.reasonCode ?? [];
  reason.value = reasons.find((r) => r.coding)?.coding[0].code ?? "";
  words.value = reasons.find((r) => !r.coding)?.text ?? "";
  note.value = draft.note?.[0]?.text ?? "";
}

function choose(name, value) {
  for (const radio of form.elements[name]) radio.checked = radio.value === value;
}

export function readForm(draft) {
  const chosen = offer.studies.find((s) => s.id === study.value);
  const reasons = reasonsOf(reason.value, words.value.trim());
  const { reasonCode: _reasons, note: _note, ...kept } = draft;
  return {
    ...kept,
    priority: form.elements.priority.value || "routine",
    code: chosen ? coded(chosen, form.elements.system.value) : draft.code,
    ...(reasons.length ? { reasonCode: reasons } : {}),
    ...(note.value.trim() ? { note: [{ text: note.value.trim() }] } : {}),
  };
}

function row(draft, selected, handlers) {
  const name = nameOf(draft);
  const priority = draft.priority ?? "routine";
  const chip = priority === "routine" ? "" : el("span", { class: `chip ${priority}` }, PRIORITY[priority]);
  const due = draft.occurrenceDateTime ? el("span", { class: "more" }, draft.occurrenceDateTime) : "";
  const current = draft.id === selected;
  const label = studyOf(draft)
    ? el("button", { type: "button", class: "pick", "aria-current": current ? "true" : undefined,
      onclick: () => handlers.pick(draft) }, name)
    : el("span", { class: "pick" }, name);
  return el("li", { class: current ? "current" : "", "data-reference": `ServiceRequest/${draft.id}` },
    label, due, chip,
    el("button", { type: "button", class: "plain drop", "aria-label": `Remove ${name}`,
      onclick: () => handlers.drop(draft) }, "Remove"));
}

export function showDrafts(drafts, selected, handlers) {
  const list = document.getElementById("drafts");
  list.replaceChildren(...drafts.map((draft) => row(draft, selected, handlers)));
  list.hidden = !drafts.length;
}

// Tells of each change; what is typed may wait, what is chosen need not.
export function onChange(changed) {
  form.addEventListener("input", (event) => {
    changed({ typed: event.target === words || event.target === note });
  });
  form.addEventListener("submit", (event) => event.preventDefault());
}
