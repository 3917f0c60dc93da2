// Walking through a proof: the order that explains a key, step by step, or its counterexample.

const STEPS_AROUND = 3;

function createStepper(timeline) {
  const { proofs } = timeline;
  const byName = [...proofs.keys()].sort((a, b) => proofs[a].key.localeCompare(proofs[b].key, "en", { numeric: true }));
  const options = byName.map((number) => element("option", { value: number }, proofName(proofs[number])));
  const stepper = {
    timeline,
    select: element("select", { id: "proof" }, ...options),
    step: MISSING,
    place: element("output", { id: "step" }),
    detail: element("div", { id: "detail", "aria-live": "polite" }),
  };
  stepper.select.addEventListener("change", () => takeProof(stepper, Number(stepper.select.value)));
  timeline.onChoose = (op) => showChosen(stepper, op);
  timeline.onStep = (by) => walk(stepper, by);
  return stepper;
}

function proofName({ key, verdict }) {
  const name = key === "null" ? "the only key" : `key ${key}`;
  return `${name}: ${{ valid: "an order explains it", invalid: "a counterexample", unknown: "undecided" }[verdict]}`;
}

/** Begins to walk through another proof. */
function takeProof(stepper, number) {
  const { timeline } = stepper;
  stepper.select.value = number;
  stepper.step = MISSING;
  timeline.proof = number;
  const { steps, verdict } = timeline.proofs[number];
  if (verdict === "invalid") fitSteps(timeline, steps);
  walk(stepper, 1);
}

/** Shows all operations of a counterexample at once. */
function fitSteps(timeline, steps) {
  const from = Math.min(...steps.map((op) => timeline.ops.from[op]));
  const to = Math.max(...steps.map((op) => timeline.ops.endOf(op)));
  lookAt(timeline, from - (to - from) * 0.3, to + (to - from) * 0.3);
}

function walk(stepper, by) {
  const { timeline } = stepper;
  if (timeline.proof === MISSING && timeline.proofs.length) timeline.proof = Number(stepper.select.value);
  const proof = timeline.proofs[timeline.proof];
  if (!proof?.steps.length) return showChosen(stepper, MISSING);
  stepper.step = Math.min(Math.max(stepper.step + by, 0), proof.steps.length - 1);
  const op = proof.steps[stepper.step];
  reveal(timeline, op);
  choose(timeline, op);
}

/** Tells of the chosen operation, and where it stands in its proof. */
function showChosen(stepper, op) {
  const { timeline, detail, place } = stepper;
  const { places, proofs } = timeline;
  if (op !== MISSING && places.proof[op] !== MISSING) {
    timeline.proof = places.proof[op];
    stepper.step = places.step[op];
    stepper.select.value = timeline.proof;
  }
  const proof = proofs[timeline.proof];
  const isStep = proof && op !== MISSING && proof.steps[stepper.step] === op;
  place.textContent = isStep ? `step ${(stepper.step + 1).toLocaleString("en")} of ${proof.steps.length.toLocaleString("en")}` : "";
  if (op === MISSING) return detail.replaceChildren(element("p", {}, undecided(proof)));
  const lines = sentences(timeline, op).map((line) => element("p", {}, line));
  const aside = isStep ? "" : "It takes no part in the proof: it says nothing, or need not have happened.";
  detail.replaceChildren(
    element("div", { class: "operation" }, ...lines, element("p", { class: "note" }, aside)),
    ...(isStep ? [stepsAround(stepper, proof)] : []),
  );
  redraw(timeline);
}

const undecided = (proof) =>
  proof?.verdict === "unknown" ? "The check gave up on this key: there is no proof to walk through." : "There is no operation in this proof.";

/** The steps before and after, with what the register held. */
function stepsAround({ timeline, step }, proof) {
  const { ops } = timeline;
  const from = Math.max(0, Math.min(step - STEPS_AROUND, proof.steps.length - 2 * STEPS_AROUND - 1));
  const rows = [];
  for (let i = from; i < Math.min(from + 2 * STEPS_AROUND + 1, proof.steps.length); i++) {
    const op = proof.steps[i];
    const name = proof.verdict === "invalid" ? letter(i) : (i + 1).toLocaleString("en");
    const cells = [name, `process ${ops.processOf(op)}`, describe(ops, op), proof.after ? proof.after(i) : null];
    const row = element("tr", i === step ? { "aria-current": "step" } : {}, ...cells.filter((cell) => cell !== null).map((cell) => element("td", {}, cell)));
    rows.push(row);
  }
  const names = ["step", "who", "operation", ...(proof.after ? ["then it holds"] : [])];
  const caption = proof.verdict === "invalid" ? "The counterexample" : "The order that explains everything";
  return element(
    "table",
    { class: "steps" },
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...rows),
  );
}

function renderStepper(stepper) {
  const button = (id, label, by) => {
    const made = element("button", { type: "button", id }, label);
    made.addEventListener("click", () => walk(stepper, by));
    return made;
  };
  const tools = element(
    "div",
    { class: "tools", role: "group", "aria-label": "Proof" },
    element("label", { for: "proof" }, "Walk through"),
    stepper.select,
    button("step-back", "‹ Back", -1),
    button("step-on", "On ›", 1),
    stepper.place,
  );
  tools.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.target === stepper.select) return;
    walk(stepper, by);
    event.preventDefault();
  });
  return tools;
}
