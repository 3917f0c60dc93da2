// The full timeline: processes as lanes on a canvas, to be zoomed and moved.

const LANE_HEIGHT_MAX = 22;
const LANE_HEIGHT_MIN = 4;
const LANES_HEIGHT = 420;
const AXIS_HEIGHT = 22;
const FAULT_HEIGHT = 14;
/** A view is never shorter than this many nanoseconds or events. */
const SPAN_MIN = 8;

/** What the timeline shows: a view of time, one chosen operation, a proof, and what was found. */
function createTimeline(report, ops, proofs, places) {
  const canvas = element("canvas", { id: "lanes", tabindex: 0, role: "application", "aria-label": timelineLabel(ops) });
  const tip = element("div", { class: "tip", hidden: true });
  const frame = element("div", { class: "lanes" }, canvas, tip);
  const kinds = [...new Set(report.faults.map((fault) => fault.kind))];
  const span = Math.max(report.end, 1);
  const timeline = {
    report, ops, proofs, places, canvas, tip, frame, kinds,
    lanes: fillLanes(ops),
    colors: null,
    view: { from: 0, to: span },
    whole: { from: 0, to: span },
    chosen: MISSING,
    hovered: MISSING,
    proof: MISSING,
    found: new Set(),
    onChoose: () => {},
    drawing: 0,
  };
  const theme = matchMedia("(prefers-color-scheme: dark)");
  theme.addEventListener("change", () => { timeline.colors = readColors(); redraw(timeline); });
  new ResizeObserver(() => redraw(timeline)).observe(frame);
  listenToPointer(timeline);
  listenToKeys(timeline);
  return timeline;
}

const timelineLabel = (ops) =>
  `${counted(ops.count, "operation")} in ${counted(ops.laneCount, "lane")}. Plus and minus zoom, arrow keys move, N and P step through the proof.`;

/** Where everything is, for the size that the canvas has now. */
function layout(timeline) {
  const { ops, kinds, canvas, view } = timeline;
  const width = timeline.frame.clientWidth;
  const room = LANES_HEIGHT / Math.max(ops.laneCount, 1);
  const lane = Math.round(Math.min(Math.max(room, LANE_HEIGHT_MIN), LANE_HEIGHT_MAX));
  const top = kinds.length * FAULT_HEIGHT + (kinds.length ? 4 : 0);
  const height = top + ops.laneCount * lane + AXIS_HEIGHT;
  const scale = (time) => ((time - view.from) / (view.to - view.from)) * width;
  const timeAt = (x) => view.from + (x / width) * (view.to - view.from);
  return { width, height, lane, top, scale, timeAt, bottom: height - AXIS_HEIGHT };
}

function redraw(timeline) {
  if (timeline.drawing) return;
  timeline.drawing = requestAnimationFrame(() => {
    timeline.drawing = 0;
    draw(timeline);
  });
}

function draw(timeline) {
  const { canvas, ops, lanes } = timeline;
  const place = layout(timeline);
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(place.width * ratio);
  canvas.height = Math.round(place.height * ratio);
  canvas.style.height = `${place.height}px`;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.font = "11px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace";
  context.textBaseline = "middle";
  timeline.colors ??= readColors();
  const scene = { ...place, ops, view: timeline.view, colors: timeline.colors, look: look(timeline) };
  drawFaults(context, timeline, place);
  const gap = place.lane > 8 ? 3 : 1;
  lanes.forEach((lane, i) => drawLane(context, scene, lane, place.top + i * place.lane + gap, place.lane - gap));
  drawAxis(context, timeline, place);
  drawMarks(context, timeline, place);
  canvas.dataset.from = timeline.view.from;
  canvas.dataset.to = timeline.view.to;
}

/** Outcome gives the colour; what is not asked about steps back. */
function look({ colors, ops, found, proof, proofs, places }) {
  const isWalked = proof !== MISSING && proofs[proof].steps.length > 0;
  return (op) => {
    if (found.has(op)) return { fill: colors.mark, alpha: 1 };
    const aside = found.size > 0 || (isWalked && places.proof[op] !== proof);
    return { fill: colors[ops.outcomeOf(op)], alpha: aside ? 0.28 : 1 };
  };
}

function drawFaults(context, { report, kinds, colors }, { scale, bottom, top, width }) {
  context.fillStyle = colors.fault;
  for (const fault of report.faults) {
    const [left, right] = [scale(fault.from), scale(fault.to)];
    if (right < 0 || left > width) continue;
    const row = kinds.indexOf(fault.kind) * FAULT_HEIGHT;
    context.globalAlpha = 0.16;
    context.fillRect(left, top, Math.max(right - left, 1), bottom - top);
    context.globalAlpha = 0.75;
    context.fillRect(left, row + 2, Math.max(right - left, 2), FAULT_HEIGHT - 4);
  }
  context.globalAlpha = 1;
  kinds.forEach((kind, row) => {
    context.fillStyle = colors.surface;
    context.globalAlpha = 0.85;
    context.fillRect(0, row * FAULT_HEIGHT, context.measureText(kind).width + 8, FAULT_HEIGHT);
    context.globalAlpha = 1;
    context.fillStyle = colors.text;
    context.fillText(kind, 4, row * FAULT_HEIGHT + FAULT_HEIGHT / 2 + 1);
  });
}

function drawAxis(context, { report, view, colors }, { scale, width, bottom }) {
  context.strokeStyle = colors.line;
  context.fillStyle = colors.muted;
  context.textAlign = "center";
  for (const tick of ticks(view.from, view.to, width / 130)) {
    const x = Math.round(scale(tick)) + 0.5;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, bottom + 4);
    context.stroke();
    if (x > 34 && x < width - 34) context.fillText(axisTime(report, view, tick), x, bottom + 13);
  }
  context.textAlign = "left";
}

/** As many decimals as the steps of the axis need. */
function axisTime(report, view, time) {
  if (report.clock !== "ns") return time.toFixed(0);
  const span = view.to - view.from;
  if (span > 2e9) return `${(time / 1e9).toFixed(1)} s`;
  return `${(time / 1e6).toFixed(span > 2e7 ? 0 : span > 2e4 ? 3 : 6)} ms`;
}

/** The chosen operation, the others of a counterexample, and the one under the pointer. */
function drawMarks(context, timeline, { scale, top, lane }) {
  const { ops, proofs, proof, chosen, hovered, colors } = timeline;
  const cited = proof !== MISSING && proofs[proof].verdict === "invalid" ? proofs[proof].steps : [];
  const outline = (op, color, thickness) => {
    const [left, right] = [scale(ops.from[op]), scale(ops.endOf(op))];
    context.strokeStyle = color;
    context.lineWidth = thickness;
    context.strokeRect(left - 1, top + ops.laneOf(op) * lane + 1, Math.max(right - left, 3) + 1, lane - 1);
  };
  for (const op of cited) outline(op, colors.mark, 2);
  if (hovered !== MISSING) outline(hovered, colors.text, 1);
  if (chosen !== MISSING) outline(chosen, colors.select, 3);
  context.lineWidth = 1;
}

/** The operation at this point of the canvas. */
function operationAt(timeline, x, y) {
  const { ops, lanes } = timeline;
  const { top, lane, timeAt } = layout(timeline);
  const row = lanes[Math.floor((y - top) / lane)];
  if (!row) return MISSING;
  const tolerance = timeAt(3) - timeAt(0);
  const first = firstEndingFrom(ops, row, timeAt(x) - tolerance);
  return first < row.length && ops.from[row[first]] <= timeAt(x) + tolerance ? row[first] : MISSING;
}

/** Looks at this stretch of time, within the run. */
function lookAt(timeline, from, to) {
  const { whole } = timeline;
  const span = Math.min(Math.max(to - from, SPAN_MIN), whole.to - whole.from);
  const middle = (from + to) / 2;
  const start = Math.min(Math.max(middle - span / 2, whole.from), whole.to - span);
  timeline.view = { from: start, to: start + span };
  hideTip(timeline);
  redraw(timeline);
}

function zoom(timeline, factor, around = 0.5) {
  const { from, to } = timeline.view;
  const still = from + (to - from) * around;
  lookAt(timeline, still - (still - from) * factor, still + (to - still) * factor);
}

function move(timeline, share) {
  const { from, to } = timeline.view;
  lookAt(timeline, from + (to - from) * share, to + (to - from) * share);
}

/** Brings an operation into view, near enough to be seen. */
function reveal(timeline, op) {
  const { ops, view } = timeline;
  const [from, to] = [ops.from[op], ops.endOf(op)];
  const span = view.to - view.from;
  const wanted = Math.min(span, Math.max((to - from) * 30, SPAN_MIN));
  const isNear = from >= view.from && to <= view.to && wanted >= span / 4;
  if (!isNear) lookAt(timeline, (from + to - wanted) / 2, (from + to + wanted) / 2);
  redraw(timeline);
}

function choose(timeline, op) {
  timeline.chosen = op;
  redraw(timeline);
  timeline.onChoose(op);
}

function showTip(timeline, op, x, y) {
  const { tip, frame, ops } = timeline;
  tip.replaceChildren(...sentences(timeline, op).map((line) => element("p", {}, line)));
  tip.hidden = false;
  tip.style.left = `${Math.max(0, Math.min(x + 14, frame.clientWidth - tip.offsetWidth - 4))}px`;
  tip.style.top = `${y + 16}px`;
}

function hideTip(timeline) {
  timeline.tip.hidden = true;
  timeline.hovered = MISSING;
}

/** All there is to say about an operation. */
function sentences(timeline, op) {
  const { report, ops } = timeline;
  const key = ops.key[op] === MISSING ? "" : ` on key ${ops.text(ops.key[op])}`;
  const outcomes = { ok: "ok: it happened", fail: "fail: it did not happen", info: "info: nobody knows whether it happened" };
  const took = ops.duration[op] === MISSING ? "never answered" : `took ${showSpan(report, ops.duration[op])}`;
  return [
    `${describe(ops, op)}${key}`,
    `process ${ops.processOf(op)}, ${outcomes[ops.outcomeOf(op)]}`,
    `from ${showTime(report, ops.from[op])}, ${took}`,
    possibleValues(timeline, op),
  ].filter(Boolean);
}

/** What the register held before and after, in the order that explains everything. */
function possibleValues({ proofs, places }, op) {
  const proof = proofs[places.proof[op]];
  if (!proof) return "";
  const step = places.step[op];
  if (proof.verdict === "invalid") return `${letter(step)} of the counterexample`;
  const place = `step ${(step + 1).toLocaleString("en")} of the order`;
  if (!proof.before) return place;
  const [before, after] = [proof.before(step), proof.after(step)];
  return before === after ? `${place}: the register held ${before}` : `${place}: the register held ${before}, then ${after}`;
}

function listenToPointer(timeline) {
  const { canvas } = timeline;
  const pointers = new Map();
  let moved = 0;
  canvas.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, event.offsetX);
    canvas.setPointerCapture(event.pointerId);
    moved = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) return hover(timeline, event);
    const before = [...pointers.values()];
    const dx = event.offsetX - pointers.get(event.pointerId);
    pointers.set(event.pointerId, event.offsetX);
    moved += Math.abs(dx);
    if (pointers.size === 2) pinch(timeline, before, [...pointers.values()]);
    else if (moved > 4) move(timeline, -dx / canvas.clientWidth);
  });
  const release = (event) => {
    const wasDown = pointers.delete(event.pointerId);
    if (event.type !== "pointerup" || !wasDown || moved > 4) return;
    const op = operationAt(timeline, event.offsetX, event.offsetY);
    if (op !== MISSING) choose(timeline, op);
  };
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, release);
  canvas.addEventListener("pointerleave", () => { hideTip(timeline); redraw(timeline); });
  canvas.addEventListener("dblclick", (event) => zoom(timeline, 1 / 3, event.offsetX / canvas.clientWidth));
  canvas.addEventListener("wheel", (event) => turnWheel(timeline, event), { passive: false });
}

function hover(timeline, event) {
  const op = operationAt(timeline, event.offsetX, event.offsetY);
  if (op === MISSING) hideTip(timeline);
  else {
    timeline.hovered = op;
    showTip(timeline, op, event.offsetX, event.offsetY);
  }
  redraw(timeline);
}

function pinch(timeline, before, after) {
  const apart = (xs) => Math.max(Math.abs(xs[0] - xs[1]), 1);
  const middle = (after[0] + after[1]) / 2;
  zoom(timeline, apart(before) / apart(after), middle / timeline.canvas.clientWidth);
}

/** With Ctrl or ⌘ the wheel zooms, sideways it moves; else the page scrolls as it always does. */
function turnWheel(timeline, event) {
  const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
  if (event.ctrlKey || event.metaKey) {
    zoom(timeline, Math.exp(Math.sign(event.deltaY) * 0.25), event.offsetX / timeline.canvas.clientWidth);
  } else if (isSideways) {
    move(timeline, (event.deltaX || event.deltaY) / timeline.canvas.clientWidth);
  } else return;
  event.preventDefault();
}

function listenToKeys(timeline) {
  const keys = {
    "+": () => zoom(timeline, 1 / 2),
    "=": () => zoom(timeline, 1 / 2),
    "-": () => zoom(timeline, 2),
    ArrowLeft: () => move(timeline, -0.25),
    ArrowRight: () => move(timeline, 0.25),
    Home: () => lookAt(timeline, timeline.whole.from, timeline.whole.to),
    n: () => timeline.onStep(1),
    p: () => timeline.onStep(-1),
  };
  timeline.canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    keys[event.key]();
    event.preventDefault();
  });
}

function renderTimelineTools(timeline) {
  const button = (id, label, name, act) => {
    const made = element("button", { type: "button", id, "aria-label": name, title: name }, label);
    made.addEventListener("click", act);
    return made;
  };
  return element(
    "div",
    { class: "tools", role: "group", "aria-label": "View" },
    button("zoom-in", "+", "Zoom in", () => zoom(timeline, 1 / 2)),
    button("zoom-out", "−", "Zoom out", () => zoom(timeline, 2)),
    button("earlier", "←", "Earlier", () => move(timeline, -0.5)),
    button("later", "→", "Later", () => move(timeline, 0.5)),
    button("all", "All", "The whole run", () => lookAt(timeline, timeline.whole.from, timeline.whole.to)),
  );
}

function renderLegend(timeline) {
  const item = (name, text) => element("li", {}, element("span", { class: `swatch ${name}` }), text);
  const items = [item("ok", "ok: it happened"), item("fail", "fail: it did not"), item("info", "info: nobody knows")];
  if (timeline.kinds.length) items.push(item("fault", "something was broken"));
  return element("ul", { class: "legend" }, ...items);
}
