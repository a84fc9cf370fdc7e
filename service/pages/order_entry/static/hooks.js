// A CDS Hooks client: discovery, the two calls, and feedback.

import { prefetch } from "./search.js";

const SERVICES = "/cds-services";
const USER = "Practitioner/order-entry";
let services = {};
export let path = "";

export async function discover() {
  const told = await (await fetch(SERVICES)).json();
  services = Object.fromEntries(told.services.map((service) => [service.hook, service]));
  path = `${SERVICES}/${told.services[0].id}`;
}

export function callOf(hook, patient, drafts, selected) {
  const context = { userId: USER, patientId: patient.id };
  if (hook === "order-select") context.selections = [`ServiceRequest/${selected}`];
  const entry = drafts.map((resource) => ({ resource }));
  context.draftOrders = { resourceType: "Bundle", type: "collection", entry };
  return {
    hook,
    hookInstance: crypto.randomUUID(),
    context,
    prefetch: prefetch(services[hook].prefetch, context, patient),
  };
}

export async function post(where, body, signal) {
  const begun = performance.now();
  const answer = await fetch(where, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
  const content = await answer.json();
  return { status: answer.status, content, took: Math.round(performance.now() - begun) };
}

export async function tell(outcome) {
  const item = { ...outcome, outcomeTimestamp: new Date().toISOString() };
  const body = { feedback: [item] };
  try {
    const { status, content } = await post(`${path}/feedback`, body);
    return { body, status, content };
  } catch {
    return { body, status: 0, content: null };
  }
}
