// A counterexample: its few operations as bars, and the argument beside them.

const BAR = { height: 34, gap: 12, top: 6, label: 104, character: 8.6, step: 30 };

const letter = (place) => String.fromCharCode(65 + (place % 26)) + (place < 26 ? "" : Math.floor(place / 26));

/** The bars of a counterexample: beginnings and ends by rank, so that their order is true. */
function bars(ops, cited) {
  const all = cited.map((op, place) => ({
    op,
    place,
    lane: ops.processOf(op),
    label: `${letter(place)}: ${describe(ops, op)}`,
    from: ops.from[op],
    // What takes no time at all ends after it begins, too.
    to: ops.duration[op] === MISSING || ops.outcomeOf(op) === "info" ? Infinity : Math.max(ops.endOf(op), ops.from[op] + 0.5),
  }));
  return all.sort((a, b) => a.from - b.from);
}

/** A column for each moment, far enough apart for the labels. */
function columnsOf(all) {
  const moments = [...new Set(all.flatMap((bar) => [bar.from, bar.to]))].sort((a, b) => a - b);
  const columns = new Map();
  let last = BAR.label - BAR.step;
  for (const moment of moments) {
    const ending = all.filter((bar) => bar.to === moment);
    const needed = ending.map((bar) => columns.get(bar.from) + shortLabel(bar).length * BAR.character + 22);
    last = Math.max(last + BAR.step, ...needed);
    columns.set(moment, last);
  }
  return { columns, width: last + 16 };
}

function shortLabel({ label }) {
  return label.length > 34 ? `${label.slice(0, 33)}…` : label;
}

function drawCounterexample(report, ops, cited) {
  const all = bars(ops, cited);
  const lanes = [...new Set(all.map((bar) => bar.lane))];
  const { columns, width } = columnsOf(all);
  const height = BAR.top + lanes.length * (BAR.height + BAR.gap);
  const top = (bar) => BAR.top + lanes.indexOf(bar.lane) * (BAR.height + BAR.gap);
  const names = lanes.map((lane, i) =>
    svg("text", { x: 0, y: BAR.top + i * (BAR.height + BAR.gap) + BAR.height / 2 + 5, class: "lane" }, `process ${lane}`),
  );
  const shapes = all.map((bar) => {
    const [from, to] = [columns.get(bar.from), columns.get(bar.to)];
    const [x, y] = [from + 10, top(bar) + BAR.height / 2 + 5];
    const time = `${bar.label}, from ${showTime(report, bar.from)}${bar.to === Infinity ? ", outcome unknown" : ` to ${showTime(report, bar.to)}`}`;
    return svg(
      "g",
      { class: `bar ${ops.functionOf(bar.op) === "read" ? "reads" : "writes"}${bar.to === Infinity ? " open" : ""}`, "data-op": bar.place, tabindex: 0 },
      svg("title", {}, time),
      svg("rect", { x: from, y: top(bar), width: to - from, height: BAR.height, rx: 4 }),
      svg("text", { x, y }, shortLabel(bar)),
    );
  });
  const title = `${counted(all.length, "operation")} over time: ${all.map((bar) => bar.label).join(", ")}`;
  const attributes = { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": title };
  return svg("svg", attributes, ...names, ...shapes);
}

/** The picture and the argument of one violation. */
function renderStory(report, ops, proofs, violation) {
  const cited = proofs[violation.proof]?.steps ?? [];
  const picture = cited.length
    ? element("div", { class: "picture", tabindex: 0, role: "group", "aria-label": "The operations over time" }, drawCounterexample(report, ops, cited))
    : element("pre", { class: "picture", tabindex: 0 }, violation.timeline);
  const story = violation.story.map((line) => element("li", {}, line));
  return element(
    "figure",
    {},
    element("p", { class: "meaning" }, violation.title),
    element("div", { class: "beside" }, picture, element("figcaption", {}, element("ol", { class: "story" }, ...story))),
    renderSpaceTime(violation.proof),
  );
}

function renderCounterexample(report, ops, proofs, onShow) {
  const { violations, violation_count: total = violations.length } = report.result;
  if (violations.length === 0) return null;
  const place = element("div", { "aria-live": "polite" });
  tieOperations(place);
  const options = violations.map((violation, i) =>
    element("option", { value: i }, `${violation.key ? `key ${violation.key}` : "the only key"}: ${violation.anomaly}`),
  );
  const select = element("select", { id: "violation" }, ...options);
  const show = () => place.replaceChildren(renderStory(report, ops, proofs, violations[select.value]));
  select.addEventListener("change", show);
  const button = element("button", { type: "button", id: "show-in-timeline" }, "Show in the timeline");
  button.addEventListener("click", () => onShow(violations[select.value].proof));
  const rest = total > violations.length ? element("p", {}, `The first ${violations.length} of ${total} are here.`) : null;
  const label = element("label", { for: "violation" }, "Counterexample");
  show();
  const note = element("p", { class: "note" }, "The order of all beginnings and ends is true; distances are not.");
  return section("counterexample", "Why no order explains it", element("div", { class: "tools" }, label, select, button), rest, place, note);
}
