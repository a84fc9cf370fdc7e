// Signing: one button; with a critical card unanswered, one keystroke more and nothing else.

import { el } from "./dom.js";

const box = document.getElementById("signing");

export function showSigning(here, { sign, add, restore, open, finish }) {
  if (open) {
    const count = open.length === 1 ? "" : `, ${open.length} cards`;
    const anyway = el("button", { type: "button", class: "sign", onclick: finish }, "Sign anyway");
    const back = () => {
      showSigning(here, { sign, add, restore });
      box.querySelector(".sign").focus();
    };
    box.replaceChildren(
      el("p", { class: `ask ${open[0].indicator}` }, `Unanswered${count}: ${open[0].summary}`),
      anyway,
      el("button", { type: "button", onclick: back }, "Back"));
    anyway.focus();
    return;
  }
  const count = here.drafts.length;
  box.replaceChildren(
    ...(here.removed ? [el("p", { class: "ask" }, "The order was removed."),
      el("button", { type: "button", onclick: restore }, "Put it back")] : []),
    ...(count ? [el("button", { type: "button", class: "sign", onclick: sign },
      count === 1 ? "Sign order" : `Sign ${count} orders`)] : []),
    el("button", { type: "button", onclick: add }, "Add an order"));
}

export function showSigned(here, again) {
  const { at, orders, unanswered } = here.signed;
  const became = [
    ...here.outcomes,
    ...unanswered.map((summary) => ({ summary, became: "not answered" })),
  ].map((one) => el("li", {}, `${one.summary}: `, el("b", {}, one.became)));
  box.replaceChildren(
    el("div", { class: "signed", tabindex: "-1" },
      el("h3", {}, `Signed at ${at}`),
      el("ul", {}, orders.map((name) => el("li", {}, name))),
      became.length ? [el("h3", {}, "What became of the advice"), el("ul", {}, became)] : ""),
    el("button", { type: "button", onclick: again }, "Begin again"));
  box.querySelector(".signed").focus();
}
