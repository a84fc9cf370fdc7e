// Resolves prefetch templates from a chart, as the FHIR server of an EHR would.

const DATES = {
  Observation: (r) => r.effectiveDateTime,
  Encounter: (r) => r.period?.start,
  MedicationRequest: (r) => r.authoredOn,
};

function found(query, patient) {
  const [kind, parameters] = query.split("?");
  const asked = new URLSearchParams(parameters);
  const wanted = `Patient/${asked.get("patient")}`;
  const matches = patient.chart.filter(
    (r) => r.resourceType === kind && (r.subject ?? r.patient)?.reference === wanted,
  );
  if (asked.get("_sort")?.startsWith("-") && DATES[kind]) {
    matches.sort((a, b) => (DATES[kind](b) ?? "").localeCompare(DATES[kind](a) ?? ""));
  }
  const page = asked.has("_count") ? matches.slice(0, Number(asked.get("_count"))) : matches;
  const entry = page.map((resource) => ({ resource, search: { mode: "match" } }));
  const bundle = { resourceType: "Bundle", type: "searchset", total: matches.length };
  return entry.length ? { ...bundle, entry } : bundle;
}

function resolved(template, context, patient) {
  const query = template.replace(/\{\{context\.(\w+)\}\}/g, (_, name) => context[name]);
  const kind = query.split(/[/?]/)[0];
  if (patient.unavailable.includes(kind)) return undefined;
  if (query.includes("?")) return found(query, patient);
  const [, id] = query.split("/");
  return patient.chart.find((r) => r.resourceType === kind && r.id === id);
}

export function prefetch(templates, context, patient) {
  // What could not be fetched is left out: not sent is not the same as absent.
  const all = Object.entries(templates).map(([k, t]) => [k, resolved(t, context, patient)]);
  return Object.fromEntries(all.filter(([, resource]) => resource !== undefined));
}
