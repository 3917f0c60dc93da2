"use strict";
// A run in progress: asks once a second how far it is. All text goes in as text.
(() => {
  const view = document.getElementById("live");
  const part = (name) => view.querySelector(`[data-live="${name}"]`);
  const say = (name, text) => {
    part(name).textContent = text;
  };
  const counted = (number) => number.toLocaleString("en");
  let last = null;

  /** Operations a second, by the clock on the wall. */
  function rate(told, at) {
    const before = last;
    last = { begun: told.begun, at };
    if (!before) return "…";
    return `${counted(Math.round(((told.begun - before.begun) * 1000) / Math.max(at - before.at, 1)))} a second`;
  }

  function verdict(told) {
    if (told.verdict === null) return "nobody can tell before the end";
    const words = { valid: "nothing wrong so far", invalid: "not linearizable", unknown: "undecided so far" };
    return words[told.verdict] + (told.behind ? " (still reading)" : "");
  }

  function show(told) {
    view.querySelector("progress").value = told.permille ?? 0;
    say("standing", told.standing);
    say("progress", told.permille === null ? "" : `${(told.permille / 10).toFixed(1)} %`);
    say("operations", `${counted(told.begun)} begun: ${counted(told.ok)} ok, ${counted(told.fail)} fail, ${counted(told.info)} info`);
    say("rate", rate(told, performance.now()));
    say("time", `${(told.time_ns / 1e9).toFixed(2)} s of the run`);
    say("faults", told.faults.map(([kind, what]) => `${kind} ${what.replaceAll('"', "")}`).join("; ") || "none");
    say("verdict", verdict(told));
    say("problem", told.problem ?? "");
  }

  async function ask() {
    try {
      const answer = await fetch(view.dataset.address, { cache: "no-store" });
      const told = await answer.json();
      if (!told.live) {
        location.reload();
        return;
      }
      show(told);
    } catch {
      say("problem", "quorate serve does not answer");
    }
    setTimeout(ask, 1000);
  }
  ask();
})();
