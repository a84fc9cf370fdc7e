// The same reading as naive.py on plain Node: node server.js PORT WORKERS
"use strict";
const cluster = require("node:cluster");
const http = require("node:http");

const RED_FLAGS = new Set(["363346000", "G83.4", "C79.51", "S32.0", "M46.46", "R50.9"]);
const BACK_PAIN = new Set(["M54.50", "279039007"]);
const CARE = new Set(["97110", "97140"]);
const DAY_MS = 24 * 60 * 60 * 1000;

function resources(prefetch) {
  return Object.values(prefetch).flatMap((piece) =>
    piece.resourceType === "Bundle" ? (piece.entry || []).map((e) => e.resource) : [piece]);
}

function hasCode(resource, codes) {
  return ((resource.code || {}).coding || []).some((coding) => codes.has(coding.code));
}

function summary(found, now) {
  const of = (type) => found.filter((resource) => resource.resourceType === type);
  const conditions = of("Condition");
  const onsets = conditions.filter((c) => hasCode(c, BACK_PAIN) && c.onsetDateTime);
  const first = Math.min(now, ...onsets.map((c) => Date.parse(c.onsetDateTime)));
  const care = of("Procedure").filter((p) => hasCode(p, CARE));
  if (conditions.some((c) => hasCode(c, RED_FLAGS))) return "Red flag: imaging now";
  if (now - Date.parse(of("Patient")[0].birthDate) > 365 * 70 * DAY_MS)
    return "Over seventy: consider imaging";
  if (now - first >= 42 * DAY_MS && care.length) return "Six weeks of care: imaging is appropriate";
  return "Not yet six weeks of care";
}

function answer(body) {
  const found = resources(JSON.parse(body).prefetch);
  const card = { summary: summary(found, Date.now()), indicator: "info", source: { label: "x" } };
  return JSON.stringify({ cards: [card] });
}

function respond(request, response) {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const content = request.method === "POST" ? answer(Buffer.concat(parts).toString()) : "{}";
    response.writeHead(200, { "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(content) });
    response.end(content);
  });
}

const [port, workers] = process.argv.slice(2).map(Number);
if (cluster.isPrimary) for (let n = 0; n < workers; n += 1) cluster.fork();
else http.createServer(respond).listen(port, "127.0.0.1");
