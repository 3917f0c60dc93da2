// Making elements. All text goes in as text; nothing is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";

function append(parent, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) parent.setAttribute(name, value === true ? "" : value);
  }
  parent.append(...children.filter((child) => child !== null && child !== ""));
  return parent;
}

function element(name, attributes = {}, ...children) {
  return append(document.createElement(name), attributes, children);
}

function svg(name, attributes = {}, ...children) {
  return append(document.createElementNS(SVG, name), attributes, children);
}

function section(id, title, ...children) {
  const heading = element("h2", { id: `${id}-title` }, title);
  return element("section", { id, "aria-labelledby": `${id}-title` }, heading, ...children);
}

/** Rows of cells, the first cell of each being its name. */
function table(caption, head, rows) {
  const cells = (row) => row.map((cell, i) => element(i ? "td" : "th", i ? {} : { scope: "row" }, cell));
  const names = head.map((name) => element("th", { scope: "col" }, name));
  return element(
    "table",
    {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...names)),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells(row)))),
  );
}

const counted = (count, thing) => `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;

/** Three digits of a number, without zeros at the end. */
const digits = (number) => String(Number(number.toPrecision(3)));

/** Nanoseconds as people read them. */
function showDuration(ns) {
  const size = Math.abs(ns);
  if (size < 1e3) return `${digits(ns)} ns`;
  if (size < 1e6) return `${digits(ns / 1e3)} µs`;
  if (size < 1e9) return `${digits(ns / 1e6)} ms`;
  return `${digits(ns / 1e9)} s`;
}

/** A moment of the run by its clock. */
function showTime(report, time) {
  if (report.clock !== "ns") return `event ${time}`;
  return Math.abs(time) < 1e9 ? `${(time / 1e6).toFixed(3)} ms` : `${(time / 1e9).toFixed(6)} s`;
}

function showSpan(report, span) {
  return report.clock === "ns" ? showDuration(span) : counted(span, "event");
}

/** Round steps of an axis: about `count` of them. */
function ticks(from, to, count) {
  const rough = (to - from) / Math.max(count, 1);
  if (!(rough > 0)) return [from];
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * decade).find((size) => size >= rough);
  const found = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) found.push(tick);
  return found;
}
