// Lanes: which operations are where in time, and drawing those in view. A hundred thousand take a few
// milliseconds, since what falls on the same pixel is drawn once.

/** The operations of each lane, in the order of time. They do not overlap. */
function fillLanes(ops) {
  const lanes = Array.from({ length: ops.laneCount }, () => []);
  for (let op = 0; op < ops.count; op++) lanes[ops.laneOf(op)].push(op);
  return lanes;
}

/** The place of the first operation in a lane that ends at or after this time. */
function firstEndingFrom(ops, lane, time) {
  let low = 0;
  let high = lane.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ops.endOf(lane[middle]) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The colours of the page as a canvas needs them. */
function readColors() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ["ok", "fail", "info", "text", "muted", "line", "fault", "mark", "select", "surface", "on-bar"];
  return Object.fromEntries(names.map((name) => [name, color(name)]));
}

/** Draws one lane. `look(op)` says how an operation stands out. */
function drawLane(context, scene, lane, top, height) {
  const { ops, view, scale, colors, look } = scene;
  let lastPixel = -1;
  let lastFill = "";
  for (let i = firstEndingFrom(ops, lane, view.from); i < lane.length; i++) {
    const op = lane[i];
    if (ops.from[op] > view.to) break;
    const left = scale(ops.from[op]);
    const width = Math.max(scale(ops.endOf(op)) - left, 1);
    const { fill, alpha } = look(op);
    const pixel = Math.floor(left);
    if (width <= 1 && pixel === lastPixel && fill === lastFill) continue;
    lastPixel = pixel;
    lastFill = fill;
    context.globalAlpha = alpha;
    context.fillStyle = fill;
    context.fillRect(left, top, width > 3 ? width - 1 : width, height);
    if (width > 34 && height >= 12) drawLabel(context, scene, op, left, width, top + height / 2);
  }
  context.globalAlpha = 1;
}

function drawLabel(context, { ops, colors, width: canvasWidth }, op, left, width, middle) {
  const start = Math.max(left, 0) + 4;
  const room = Math.min(left + width, canvasWidth) - start - 3;
  const letters = Math.floor(room / 6.4);
  if (letters < 3) return;
  const text = describe(ops, op);
  context.fillStyle = colors["on-bar"];
  context.fillText(text.length > letters ? `${text.slice(0, letters - 1)}…` : text, start, middle);
}
