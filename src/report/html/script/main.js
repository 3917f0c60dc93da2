// The page.

function renderTimeline(timeline, stepper) {
  const hint = "Drag to move, Ctrl and the wheel to zoom, click an operation to see where it stands in the proof.";
  return section(
    "timeline",
    "Every operation",
    element("p", { class: "note" }, hint),
    element("div", { class: "bar-of-tools" }, renderTimelineTools(timeline), renderSearch(timeline), renderStepper(stepper)),
    timeline.frame,
    renderLegend(timeline),
    stepper.detail,
  );
}

function renderReport() {
  const report = readDocument();
  document.title = `${report.title}: ${VERDICTS[report.result.verdict][1]}`;
  const ops = readOperations(report);
  const proofs = readProofs(report);
  const timeline = createTimeline(report, ops, proofs, placesInProofs(ops, proofs));
  const stepper = createStepper(timeline);
  const show = (proof) => {
    takeProof(stepper, proof);
    document.getElementById("timeline").scrollIntoView();
  };
  const parts = [
    renderVerdict(report),
    renderCounterexample(report, ops, proofs, show),
    ops.count ? renderTimeline(timeline, stepper) : null,
    renderPlots(report),
    renderTables(report),
    renderOrigin(report),
  ];
  document.getElementById("report").replaceChildren(...parts.filter(Boolean));
}

renderReport();
