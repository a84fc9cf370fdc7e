// The list of the day's visits, and the banner of the patient who is here.

import { agoName, dayName, daysBetween, el, icon } from "./dom.js";

export function showVisits(patients, choose) {
  const rows = patients.map((patient) =>
    el("li", {},
      el("button", { type: "button", "data-patient": patient.id, onclick: () => choose(patient) },
        el("span", { class: "time" }, patient.time),
        el("span", { class: "who" },
          el("b", {}, patient.name),
          el("span", { class: "age" }, ` ${patient.age} ${patient.sex === "male" ? "M" : "F"}`)),
        el("span", { class: "why" }, patient.reason))));
  document.getElementById("visits").replaceChildren(...rows);
}

export function markVisit(patient) {
  for (const button of document.querySelectorAll("#visits button")) {
    if (button.dataset.patient === patient.id) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

function list(patient, kind, none) {
  if (patient.unavailable.includes(kind)) return el("span", { class: "absent" }, "not available");
  const found = patient.chart.filter((r) => r.resourceType === kind);
  if (!found.length) return el("span", { class: "absent" }, none);
  return el("ul", {}, found.map((r) =>
    el("li", { "data-reference": `${kind}/${r.id}` },
      r.code.text,
      r.reaction ? el("span", { class: "more" }, ` (${r.reaction[0].manifestation[0].text})`) : "",
      r.onsetDateTime ? el("span", { class: "more" }, ` since ${dayName(r.onsetDateTime)}`) : "")));
}

export function showBanner(patient) {
  const person = patient.chart[0];
  const fact = (name, ...what) => el("div", {}, el("dt", {}, name), el("dd", {}, ...what));
  document.getElementById("banner").replaceChildren(
    el("div", { class: "name" },
      el("h2", {}, patient.name),
      el("p", {}, `${patient.sex === "male" ? "Male" : "Female"}, ${patient.age} y`),
      el("p", { class: "more" }, `born ${dayName(person.birthDate)}`)),
    el("dl", {},
      fact("Here for", patient.reason),
      fact("Allergies", list(patient, "AllergyIntolerance", "none recorded")),
      fact("Problems", list(patient, "Condition", "none recorded"))));
}

const KINDS = {
  Condition: ["Problem", (r) => r.onsetDateTime ?? r.recordedDate],
  Observation: ["Result", (r) => r.effectiveDateTime],
  Encounter: ["Visit", (r) => r.period?.start],
  MedicationRequest: ["Drug", (r) => r.authoredOn],
  Procedure: ["Procedure", (r) => r.performedDateTime],
  Device: ["Implant", () => undefined],
  AllergyIntolerance: ["Allergy", (r) => r.recordedDate],
};
export const UNITS = { Cel: "°C", "{score}": "", "mm[Hg]": "mmHg", "mL/min/{1.73_m2}": "mL/min/1.73 m²" };
const FLAGS = { H: "high", L: "low" };

function valueOf(r) {
  if (r.valueString) return r.valueString;
  if (!r.valueQuantity) return "";
  const { value, unit } = r.valueQuantity;
  return `${value} ${UNITS[unit] ?? unit}`.trim();
}

function textOf(r) {
  const named = r.code ?? r.medicationCodeableConcept ?? r.type?.[0] ?? r.type;
  return named.text;
}

function moreOf(r) {
  if (r.resourceType === "Encounter") return r.reasonCode[0].text;
  if (r.resourceType === "MedicationRequest") {
    return `${r.dosageInstruction[0].text}, for ${r.dispenseRequest.expectedSupplyDuration.value} days`;
  }
  if (r.resourceType === "Condition" && r.onsetDateTime) return "onset";
  if (r.resourceType === "AllergyIntolerance") return r.reaction[0].manifestation[0].text;
  return "";
}

export function entriesOf(patient, asOf) {
  const entries = patient.chart.slice(1).map((r) => {
    const [kind, dated] = KINDS[r.resourceType];
    const day = dated(r);
    return {
      reference: `${r.resourceType}/${r.id}`,
      kind,
      day,
      ago: day ? daysBetween(day, asOf) : undefined,
      text: textOf(r),
      more: moreOf(r),
      value: valueOf(r),
      flag: r.interpretation?.[0].coding[0].code,
      supply: r.dispenseRequest?.expectedSupplyDuration.value,
    };
  });
  return entries.sort((a, b) => (a.ago ?? Infinity) - (b.ago ?? Infinity));
}

export function entryRow(entry) {
  const flag = FLAGS[entry.flag];
  return el("li", { class: "entry", tabindex: "-1", "data-reference": entry.reference },
    el("span", { class: "when" },
      el("b", {}, entry.day ? dayName(entry.day) : "no date"),
      entry.day ? el("span", {}, ` ${agoName(entry.ago)}`) : ""),
    el("span", { class: `kind ${entry.kind}` }, icon(entry.kind), entry.kind),
    el("span", { class: "what" },
      entry.text, entry.more ? el("span", { class: "more" }, entry.more) : ""),
    el("span", { class: flag ? "value flagged" : "value" },
      entry.value, flag ? el("span", { class: "flag" }, flag) : ""));
}
