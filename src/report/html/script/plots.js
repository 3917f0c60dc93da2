// Plots over time, with faults shaded.

const PLOT = { height: 190, left: 64, right: 10, top: 8, bottom: 24 };

const compact = (number) => number.toLocaleString("en", { notation: "compact" });

const UNITS = {
  ns: { height: (value) => Math.log10(Math.max(value, 1)), label: (height) => showDuration(10 ** height) },
  "/s": { height: (value) => value, label: (height) => `${compact(height)}/s` },
  "B/s": { height: (value) => value, label: (height) => `${compact(height)}B/s` },
  share: { height: (value) => value, label: (height) => `${Math.round(height * 100)} %` },
  count: { height: (value) => value, label: compact },
  "offset ns": { height: (value) => value, label: showDuration },
};

/** From where to where the vertical axis goes. */
function rangeOf(plot) {
  const { height } = UNITS[plot.unit];
  let [low, high] = [Infinity, -Infinity];
  for (const { values } of plot.series) {
    for (const value of values) {
      if (value === null) continue;
      low = Math.min(low, height(value));
      high = Math.max(high, height(value));
    }
  }
  if (plot.unit === "share") return [0, 1];
  // A little above the highest, so that timeouts of a round number do not lie on the edge.
  if (plot.unit === "ns") return low <= high ? [Math.floor(low), high + 0.15] : [0, 1];
  if (plot.unit === "offset ns") return [Math.min(low, 0) * 1.05, Math.max(high * 1.05, 1)];
  return [0, Math.max(high * 1.05, 1)];
}

/** All points of a series as one path: a line with gaps, or dots. */
function pathOf(series, x, y) {
  let path = "";
  let isDrawing = false;
  series.times.forEach((time, i) => {
    const value = series.values[i];
    if (value === null) {
      isDrawing = false;
      return;
    }
    const point = `${x(time).toFixed(1)} ${y(value).toFixed(1)}`;
    path += series.line ? `${isDrawing ? "L" : "M"}${point}` : `M${point}h0`;
    // A value between two gaps would not be seen.
    if (series.line && !isDrawing) path += "h0.1";
    isDrawing = true;
  });
  return path;
}

function drawPlot(report, plot, width) {
  const { height, label } = UNITS[plot.unit];
  const [low, high] = rangeOf(plot);
  const right = width - PLOT.right;
  const bottom = PLOT.height - PLOT.bottom;
  const x = (time) => PLOT.left + (time / Math.max(report.end, 1)) * (right - PLOT.left);
  const level = (at) => bottom - ((at - low) / (high - low)) * (bottom - PLOT.top);
  const y = (value) => level(height(value));
  const shades = report.faults.map((fault) =>
    svg(
      "rect",
      { class: "shade", x: x(fault.from), y: PLOT.top, width: Math.max(x(fault.to) - x(fault.from), 1), height: bottom - PLOT.top },
      svg("title", {}, `${fault.kind}: ${showTime(report, fault.from)} to ${showTime(report, fault.to)}`),
    ),
  );
  const rows = ticks(low, high, 5).filter((at) => !["ns", "count"].includes(plot.unit) || Number.isInteger(at));
  const levels = rows.flatMap((at) => [
    svg("line", { class: "level", x1: PLOT.left, x2: right, y1: level(at), y2: level(at) }),
    svg("text", { class: "tick", x: PLOT.left - 6, y: level(at) + 4, "text-anchor": "end" }, label(at)),
  ]);
  const whole = { from: 0, to: report.end };
  const times = ticks(0, report.end, (right - PLOT.left) / 80).map((time) =>
    svg("text", { class: "tick", x: Math.min(x(time), right - 16), y: PLOT.height - 6, "text-anchor": "middle" }, axisTime(report, whole, time)),
  );
  const lines = plot.series.map((series, number) =>
    svg("path", { class: `${series.line ? "line" : "dots"} ${colorOf(plot, number)}`, d: pathOf(series, x, y) }),
  );
  const attributes = { viewBox: `0 0 ${width} ${PLOT.height}`, width, height: PLOT.height, role: "img", "aria-label": `${plot.title} over time` };
  return svg("svg", attributes, ...shades, ...levels, ...times, ...lines);
}

/** The class that colours a series: that of its outcome, and shades of it where one comes often. */
function colorOf(plot, number) {
  const { outcome, stands_out: standsOut } = plot.series[number];
  if (standsOut) return "info";
  const same = plot.series.slice(0, number).filter((series) => series.outcome === outcome).length;
  return `${outcome ?? "ok"} shade-${same % 6}`;
}

function renderPlot(report, plot) {
  const legend = plot.series.map((series, number) =>
    element("li", {}, element("span", { class: `swatch ${colorOf(plot, number)}` }), series.name),
  );
  const picture = element("div", { class: "plot" });
  const show = () => {
    const width = Math.max(picture.clientWidth, 240);
    if (picture.dataset.width === String(width)) return;
    picture.dataset.width = width;
    picture.replaceChildren(drawPlot(report, plot, width));
  };
  new ResizeObserver(show).observe(picture);
  return element("figure", { id: `plot-${plot.name}` }, element("h3", {}, plot.title), picture, element("ul", { class: "legend" }, ...legend));
}

/** How many reads saw the latest acknowledged write, by how long ago it was acknowledged. */
function renderVisibility({ result }) {
  const rows = result.staleness?.t_visibility ?? [];
  if (!rows.length || rows.every((row) => row.seen === row.reads)) return null;
  const percent = (share) => `${(share * 100).toFixed(2)}\u00a0%`;
  const bar = (row) => element("meter", { min: 0, max: 1, value: row.share, "aria-hidden": "true" });
  const cells = rows.map((row) => [
    row.to_ns === null ? `${showDuration(row.from_ns)} on` : `${showDuration(row.from_ns)} to ${showDuration(row.to_ns)}`,
    element("span", {}, bar(row), ` ${percent(row.share)}`),
    `${percent(row.interval[0])} to ${percent(row.interval[1])}`,
    row.reads.toLocaleString("en"),
  ]);
  const head = ["time", "saw it", "95\u00a0% interval", "reads"];
  return element("figure", { id: "plot-staleness" }, element("h3", {}, "How soon a write is seen"), table("Reads that saw the latest acknowledged write, by the time since then", head, cells));
}

function renderPlots(report) {
  if (!report.plots.length) return null;
  const plots = report.plots.map((plot) => renderPlot(report, plot));
  const note = report.faults.length ? "Shaded: something was broken." : "Nothing was broken.";
  return section("plots", "Over time", element("p", { class: "note" }, note), element("div", { class: "plots" }, ...plots, renderVisibility(report)));
}
