// Builds elements; text is always text, never markup.

export function el(tag, given = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else made.setAttribute(name, value);
  }
  made.append(...inside.flat().filter((one) => one !== null && one !== undefined && one !== ""));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, given = {}, ...inside) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(given)) made.setAttribute(name, value);
  made.append(...inside.flat(Infinity));
  return made;
}

const DRAWN = {
  critical: "M8 1 15 5v6l-7 4-7-4V5zM7.2 4.5v4.4h1.6V4.5zM7.2 10.2v1.6h1.6v-1.6z",
  warning: "M8 1.2 15.4 14.5H.6zM7.2 6v4h1.6V6zM7.2 11.2v1.6h1.6v-1.6z",
  info: "M8 .8a7.2 7.2 0 1 0 0 14.4A7.2 7.2 0 0 0 8 .8zM7.2 4v1.6h1.6V4zM7.2 6.8v5.2h1.6V6.8z",
  done: "M6.3 12.8 1.6 8.1l1.5-1.5 3.2 3.2 6.6-6.6 1.5 1.5z",
  Problem: "M2 3h12v2H2zM2 7h12v2H2zM2 11h8v2H2z",
  Result: "M2 13V9h2v4zM6 13V3h2v10zM10 13V6h2v7z",
  Visit: "M3 2h2v2h6V2h2v2h1v10H2V4h1zM4 7v5h8V7z",
  Drug: "M4.2 2.8a3.2 3.2 0 0 1 4.5 0l4.5 4.5a3.2 3.2 0 0 1-4.5 4.5L4.2 7.3a3.2 3.2 0 0 1 0-4.5z",
  Procedure: "M13.5 1.5 15 3 6 12l-3.5 1.5L4 10zM1 14h14v1H1z",
  Implant: "M8 1.5 14 5v6l-6 3.5L2 11V5zM8 4 4.2 6.2v3.6L8 12l3.8-2.2V6.2z",
  Allergy: "M8 1 9.8 6.2 15 8l-5.2 1.8L8 15 6.2 9.8 1 8l5.2-1.8z",
};

export function icon(name) {
  const path = svg("path", { d: DRAWN[name], "fill-rule": "evenodd" });
  return svg("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, path);
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

export function daysBetween(earlier, later) {
  const noon = (day) => Date.parse(`${day.slice(0, 10)}T12:00:00Z`);
  return Math.round((noon(later) - noon(earlier)) / 86400000);
}

export function dayName(day) {
  const [year, month, date] = day.slice(0, 10).split("-");
  return `${Number(date)} ${MONTHS[month - 1]} ${year}`;
}

export function agoName(days) {
  if (days === 0) return "today";
  if (days < 0) return `in ${-days} d`;
  if (days === 1) return "yesterday";
  if (days < 84) return `${days} d ago`;
  if (days < 700) return `${Math.round(days / 30.4)} mo ago`;
  return `${Math.round(days / 365.25)} y ago`;
}

export function say(text, { urgent = false } = {}) {
  // The two live regions take turns, so that nothing is read twice.
  document.getElementById("polite").textContent = urgent ? "" : text;
  document.getElementById("assertive").textContent = urgent ? text : "";
}
