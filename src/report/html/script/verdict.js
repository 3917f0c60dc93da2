// The verdict first: what was found, what was promised, and what that means.

const VERDICTS = {
  valid: ["✓", "Linearizable"],
  invalid: ["✗", "Not linearizable"],
  unknown: ["?", "Undecided"],
};

// A queue is not asked for an order, only for what was put in.
const QUEUE = { valid: ["✓", "Nothing lost"], invalid: ["✗", "Lost, or from nowhere"], unknown: VERDICTS.unknown };

const JUDGEMENTS = {
  kept: ["Promise kept", "Linearizability was promised, and nothing broke it."],
  broken: ["Promise broken", "What was promised did not hold: this is a bug."],
  "weaker-by-design": ["Weaker by design", "Linearizability was never promised, and what was promised held."],
  "not-shown": ["Not shown", "Linearizability is not promised, but nothing broke it this time."],
  undecided: ["", "It ran out of its budget."],
};

const QUEUE_JUDGEMENTS = {
  kept: ["Promise kept", "What was acknowledged was to come out in the end, and it did."],
  "weaker-by-design": ["Weaker by design", "That nothing is lost was never promised."],
  "not-shown": ["Not shown", "That nothing is lost is not promised, but nothing was lost this time."],
  undecided: ["", "Some queue was not emptied in the end."],
};

const CONDITIONS = {
  anything: "nothing at all",
  nothing: "nothing",
  eventual: "eventual consistency",
  "at-least-once": "at-least-once delivery",
  "strong-eventual": "strong eventual convergence",
  "weak-regular": "weak regularity",
  "convergent-regular": "strong eventual convergence and weak regularity",
  regular: "regularity",
  linearizable: "linearizability",
};

/** Good, bad or neither: what colours the verdict. */
function mood({ verdict, judgement }) {
  if (judgement === "broken") return "bad";
  if (judgement === undefined) return { valid: "good", invalid: "bad", unknown: "open" }[verdict];
  return judgement === "kept" ? "good" : "open";
}

function verdictSentence({ verdict, evidence, violations, violation_count: broken = violations.length }, isQueue) {
  const keys = counted(evidence.keys, "key");
  if (isQueue) {
    if (verdict === "valid") return `Whatever was acknowledged came out, and nothing else did, on ${keys}.`;
    if (verdict === "invalid") return `On ${broken.toLocaleString("en")} of ${keys}, something was lost, or came out that nobody had put in.`;
    return `Nobody knows what was lost: not all of ${keys} were emptied.`;
  }
  if (verdict === "valid") return `There is an order that explains all operations on ${keys}.`;
  if (verdict === "invalid") return `On ${broken.toLocaleString("en")} of ${keys}, no order explains what was seen.`;
  return `The check gave up before it could decide all of ${keys}.`;
}

function renderVerdict(report) {
  const { result } = report;
  const isQueue = report.object === "total-queue";
  const [sign, word] = (isQueue ? QUEUE : VERDICTS)[result.verdict];
  const judgement = (isQueue && QUEUE_JUDGEMENTS[result.judgement]) || JUDGEMENTS[result.judgement];
  return element(
    "header",
    { id: "verdict", class: mood(result) },
    element("p", { class: "title" }, element("strong", {}, report.title), cluster(result)),
    element(
      "h1",
      {},
      element("span", { class: "sign", "aria-hidden": "true" }, sign),
      element("span", {}, word, judgement?.[0] ? element("span", { class: "judgement" }, judgement[0]) : null),
    ),
    element("p", { class: "lead" }, verdictSentence(result, isQueue), judgement ? ` ${judgement[1]}` : null),
    element("dl", { class: "facts" }, ...facts(report).flatMap(fact)),
  );
}

function cluster({ cluster: config, seed }) {
  if (!config) return "";
  return `${config.protocol}, N = ${config.n}, R = ${config.r}, W = ${config.w}, seed ${seed}`;
}

const fact = ([name, ...texts]) => [
  element("dt", {}, name),
  element("dd", {}, ...texts.map((text) => element("p", {}, text))),
];

function facts(report) {
  const { result, operations } = report;
  const { promise, evidence } = result;
  const facts = [];
  if (promise) {
    const name = CONDITIONS[promise.condition] ?? promise.condition;
    facts.push(["Promised", `${name}, because ${promise.because}.`, promise.reason]);
    if (promise.remedy) facts.push(["Remedy", promise.remedy]);
  }
  if (result.expected) {
    const met = { true: "as expected", false: "NOT as expected" }[result.as_expected] ?? "nobody can tell";
    facts.push(["Expected", `${result.expected}: ${met}`]);
  }
  const sample = operations.shown < operations.total
    ? `This page shows a sample of ${operations.shown.toLocaleString("en")} of them, drawn uniformly, and every operation of a counterexample.`
    : "";
  const over = report.clock === "ns" ? ` in ${showDuration(report.end)}` : "";
  facts.push(["Evidence", `${counted(operations.total, "operation")} on ${counted(evidence.keys, "key")}${over}.`, ...faultSentences(evidence), ...(sample ? [sample] : [])]);
  if (evidence.vacuous) facts.push(["Vacuous", `Nothing could have gone wrong: ${evidence.vacuous}.`]);
  return facts;
}

function faultSentences({ faults }) {
  return Object.entries(faults ?? {}).map(
    ([kind, { times, ops }]) => `${kind}: ${counted(times, "fault")}, which met ${counted(ops, "operation")}.`,
  );
}

/** Which conditions hold, what clients asked, and how stale reads were. */
function renderTables({ result }) {
  const standings = { valid: "holds", invalid: "breaks", unknown: "open" };
  const standing = ({ verdict, keys, why }) => {
    const broken = keys && keys.invalid ? ` on ${counted(keys.invalid, "key")}` : "";
    const mark = element("span", { class: `standing ${verdict}` }, `${standings[verdict]}${broken}`);
    return element("span", {}, mark, why ? ` (${why})` : null);
  };
  const outcomes = Object.entries(result.evidence.outcomes).map(([name, { ok, fail, info }]) => [
    name,
    ...[ok, fail, info].map((count) => count.toLocaleString("en")),
  ]);
  const tables = [table("Outcomes", ["function", "ok", "fail", "info"], outcomes)];
  if (result.conditions) {
    const rows = result.conditions.map((row) => [row.condition, standing(row)]);
    tables.unshift(table("Conditions, strongest first", ["condition", "standing"], rows));
  }
  return section("tables", "Figures", element("div", { class: "tables" }, ...tables, ...stalenessTables(result)));
}

function stalenessTables({ staleness }) {
  if (!staleness?.reads) return [];
  const rows = [["stale reads", `${staleness.stale.toLocaleString("en")} of ${counted(staleness.reads, "read")}`]];
  const spread = (name, figures, show) => {
    if (staleness.stale && figures) rows.push([name, `p50 ${show(figures.p50)}, p99 ${show(figures.p99)}, at most ${show(figures.max)}`]);
  };
  spread("versions behind", staleness.versions_behind, String);
  spread("age of what they returned", staleness.age_ns, showDuration);
  return [table("Staleness", ["figure", "value"], rows)];
}

function renderOrigin(report) {
  const rows = report.origin.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, element("code", {}, text))]);
  return element("footer", {}, element("dl", { class: "facts" }, ...rows));
}
