// A CDS Hooks client: discovery, the two calls, and feedback.

import { prefetch } from "./search.js";

const SERVICES = "/cds-services";
const USER = "Practitioner/order-entry";
let services = {};
export let path = "";

// Made here, since browsers offer randomUUID to secure addresses only.
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

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
    hookInstance: uuid(),
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
