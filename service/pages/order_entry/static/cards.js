// Cards as an EHR shows them: severity, summary, proof, what can be done, and why not.

import { dayName, el, icon } from "./dom.js";
import { goTo, point } from "./timeline.js";
import { UNITS } from "./visits.js";

export const OURS = "org.lumbar-mri-cds";
export const SEVERITY = { critical: "Critical", warning: "Warning", info: "Information" };
const md = window.markdownit({ html: false, linkify: false }).disable(["image", "link", "autolink"]);
const WHAT = { create: "adds an order", update: "changes this order", delete: "removes this order" };
const HOW_SURE = { absent: "denied", possible: "possible", unlikely: "unlikely" };

export const topicOf = (card) => card.source.topic.code;
export const evidenceOf = (card) => card.extension?.[OURS]?.evidence ?? [];

// Numbers what the cards rest on, each entry once, so that card and chart can be read together.
export function numbered(cards) {
  const references = new Set(cards.flatMap((card) => evidenceOf(card).map((one) => one.reference)));
  return new Map([...references].map((reference, at) => [reference, at + 1]));
}

function rendered(tokens) {
  // Written by a renderer that knows no HTML and no links: text of a chart stays text.
  const made = el("div", { class: "detail" });
  made.innerHTML = md.renderer.render(tokens, md.options, {});
  return made;
}

function detail(card) {
  if (!card.detail) return [];
  const tokens = md.parse(card.detail, {});
  const end = tokens.findIndex((t) => t.nesting === -1 && t.level === 0) + 1;
  const more = tokens.slice(end);
  return [
    rendered(tokens.slice(0, end)),
    more.length ? el("details", { class: "full" }, el("summary", {}, "Full text"), rendered(more)) : "",
  ];
}

function valueOf({ value }) {
  const [number, ...unit] = (value ?? "").split(" ");
  return `${number} ${UNITS[unit.join(" ")] ?? unit.join(" ")}`.trim();
}

function proof(card, numbers) {
  const found = evidenceOf(card);
  if (!found.length) return "";
  return el("div", { class: "evidence" },
    el("h4", {}, "Found in the record"),
    el("ul", {}, found.map((one) => {
      const { reference } = one;
      const sure = HOW_SURE[one.status];
      const value = valueOf(one);
      const said = [one.text, value && !one.text.includes(value) ? ` ${value}` : "",
        sure ? ` (${sure})` : ""].join("");
      const date = one.date ? one.date.split(" to ").map(dayName).join(" to ") : "";
      const button = el("button", {
        type: "button",
        onclick: () => goTo(reference, button),
        onpointerenter: () => point(reference, true),
        onpointerleave: () => point(reference, false),
        onfocus: () => point(reference, true),
        onblur: () => point(reference, false),
      },
      el("span", { class: "number" }, numbers.get(reference)),
      el("span", { class: "said" }, said),
      date ? el("span", { class: "more" }, date) : "",
      el("span", { class: "unseen" }, ", show in the chart, Escape comes back"));
      return el("li", {}, button);
    })));
}

function suggestions(card, answers, handlers) {
  const topic = topicOf(card);
  const done = answers.done(topic);
  const offered = (card.suggestions ?? []).filter((s) => !done.includes(s.label));
  if (!offered.length && !done.length) return "";
  return el("div", { class: "suggestions" },
    done.map((label) => el("p", { class: "done" }, icon("done"), `Done: ${label}`)),
    offered.map((one) =>
      el("button", {
        type: "button",
        title: one.actions.map((a) => a.description).join("; "),
        onclick: () => handlers.accept(card, one),
      }, el("span", {}, one.label), el("span", { class: "more" }, WHAT[one.actions[0].type]))));
}

function override(card, handlers) {
  const reasons = card.overrideReasons ?? [];
  if (!reasons.length) return "";
  const id = card.uuid;
  const chosen = el("select", { id: `reason-${id}`, required: true },
    el("option", { value: "" }, "Choose a reason"),
    reasons.map((reason, at) => el("option", { value: at }, reason.display)));
  const comment = el("input", { id: `comment-${id}`, type: "text", maxlength: 2000 });
  const record = () => {
    if (chosen.reportValidity()) {
      handlers.override(card, reasons[chosen.value], comment.value.trim());
    }
  };
  return el("details", { class: "override" },
    el("summary", {}, "Not following this advice"),
    el("div", { class: "fields" },
      el("label", { for: chosen.id }, "Because"), chosen,
      el("label", { for: comment.id }, "Comment"), comment,
      el("button", { type: "button", onclick: record }, "Record the reason")));
}

function source(card) {
  const { label, url } = card.source;
  const link = /^https?:/.test(url ?? "")
    ? el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label)
    : label;
  return el("p", { class: "source" }, "Source: ", link,
    el("span", { class: "rule" }, ` · rule ${card.extension?.[OURS]?.rule ?? ""}`));
}

export function cardView(card, numbers, answers, handlers) {
  const topic = topicOf(card);
  const reason = answers.overridden(topic);
  const head = [
    el("p", { class: "severity" }, icon(card.indicator), SEVERITY[card.indicator]),
    el("h3", { id: `summary-${card.uuid}` }, card.summary),
  ];
  const given = {
    class: `card ${card.indicator}${reason ? " answered" : ""}`,
    "aria-labelledby": `summary-${card.uuid}`, "data-topic": topic, tabindex: "-1",
  };
  if (reason) {
    const again = () => handlers.reopen(card);
    return el("article", given, head,
      el("p", { class: "done" }, icon("done"), `Not followed: ${reason}`),
      el("button", { type: "button", class: "plain", onclick: again }, "Show the advice again"));
  }
  return el("article", given, head, proof(card, numbers), suggestions(card, answers, handlers),
    detail(card), override(card, handlers), source(card));
}
