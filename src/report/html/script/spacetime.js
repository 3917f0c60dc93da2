// What replicas and messages did behind a counterexample. The picture waits in a template; here it is
// tied to the bars above it: whoever points at an operation sees its messages in both.

/** The picture of a proof's counterexample; null where it is not known. */
function renderSpaceTime(proof) {
  const template = document.getElementById(`spacetime-${proof}`);
  if (!template) return null;
  const picture = element(
    "div",
    { class: "picture", tabindex: 0, role: "group", "aria-label": "Messages between clients and replicas" },
    template.content.cloneNode(true),
  );
  const note =
    "Arrows are messages; those that end in a cross never arrived. A replica's lane shows the value it holds. " +
    "Point at an operation to see what it sent; a click keeps it.";
  return element("figure", { class: "behind" }, element("h3", {}, "What happened between the replicas"), picture, element("p", { class: "note" }, note));
}

/** Everything under `root` that names an operation in data-op shows, when pointed at, what belongs to it. */
function tieOperations(root) {
  let kept = null;
  const show = (op) => {
    root.classList.toggle("has-chosen", op !== null);
    for (const part of root.querySelectorAll("[data-op]")) part.classList.toggle("chosen", part.dataset.op === op);
  };
  const opOf = (event) => event.target.closest("[data-op]")?.dataset.op ?? null;
  const keep = (op) => {
    kept = op === kept ? null : op;
    show(kept);
  };
  root.addEventListener("pointerover", (event) => show(opOf(event) ?? kept));
  root.addEventListener("pointerleave", () => show(kept));
  root.addEventListener("click", (event) => keep(opOf(event)));
  root.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      if (opOf(event) === null) return;
      event.preventDefault();
      keep(opOf(event));
    }
  });
}
