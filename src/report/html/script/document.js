// The document in the page, and its columns as arrays.

/** Outcomes by the numbers of the column. */
const OUTCOMES = ["ok", "fail", "info"];
/** A number that is missing in a column. */
const MISSING = -1;

function readDocument() {
  return JSON.parse(document.getElementById("document").textContent);
}

/** Numbers as differences: zigzag plus one, 0 for a missing one, seven bits a byte, in base64. */
function readColumn(text, count) {
  const bytes = atob(text);
  const numbers = new Float64Array(count).fill(MISSING);
  let at = 0;
  let last = 0;
  for (let i = 0; i < count; i++) {
    let number = 0;
    let scale = 1;
    let byte;
    do {
      byte = bytes.charCodeAt(at++);
      number += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte & 0x80);
    if (number === 0) continue;
    const zigzag = number - 1;
    last += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    numbers[i] = last;
  }
  return numbers;
}

/** The operations with a column for each property, and what can be said of each. */
function readOperations(report) {
  const { operations, end } = report;
  const count = operations.shown;
  const columns = {};
  for (const [name, text] of Object.entries(operations.columns)) columns[name] = readColumn(text, count);
  const text = (number) => (number === MISSING ? "" : operations.texts[number]);
  const ops = {
    ...columns,
    count,
    total: operations.total,
    texts: operations.texts,
    text,
    laneCount: 0,
    laneOf: (op) => operations.processes[columns.process[op]][1],
    processOf: (op) => operations.processes[columns.process[op]][0],
    functionOf: (op) => operations.functions[columns.function[op]],
    outcomeOf: (op) => OUTCOMES[columns.outcome[op]],
    endOf: (op) => (columns.duration[op] === MISSING ? end : columns.from[op] + columns.duration[op]),
  };
  for (const [, lane] of operations.processes) ops.laneCount = Math.max(ops.laneCount, lane + 1);
  return ops;
}

/** What was asked, and what came of it. */
function describe(ops, op) {
  const asked = ops.text(ops.asked[op]);
  const answered = ops.text(ops.answered[op]);
  const call = asked ? `${ops.functionOf(op)} ${asked}` : ops.functionOf(op);
  return answered ? `${call} → ${answered}` : call;
}

/** The proofs with their columns; `steps[i]` is an operation, with what the register held. */
function readProofs(report) {
  const { texts } = report.operations;
  return report.proofs.map((proof) => {
    if (proof.verdict !== "valid") return { ...proof, steps: proof.cited ?? [] };
    const read = (text) => readColumn(text, proof.shown);
    const { states } = proof;
    const held = (numbers) => (i) => (numbers[i] === MISSING ? states.initial : texts[numbers[i]]);
    return {
      ...proof,
      total: proof.steps,
      steps: read(proof.order),
      before: states && held(read(states.before)),
      after: states && held(read(states.after)),
    };
  });
}

/** For each operation the proof it is part of and its step there; an operation may be part of none. */
function placesInProofs(ops, proofs) {
  const places = { proof: new Int32Array(ops.count).fill(MISSING), step: new Int32Array(ops.count) };
  proofs.forEach((proof, number) => {
    for (let step = 0; step < proof.steps.length; step++) {
      places.proof[proof.steps[step]] = number;
      places.step[proof.steps[step]] = step;
    }
  });
  return places;
}
