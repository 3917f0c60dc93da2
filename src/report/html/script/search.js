// Search: operations by key, value or process.

/** Texts that are what was typed, with or without quotes; if none is, those that contain it. */
function matchingTexts(ops, typed) {
  const exact = new Set();
  const partial = new Set();
  ops.texts.forEach((text, number) => {
    if (text === typed || text === `"${typed}"`) exact.add(number);
    else if (text.includes(typed)) partial.add(number);
  });
  return exact.size ? exact : partial;
}

function findOperations(ops, field, typed) {
  const texts = field === "process" ? new Set() : matchingTexts(ops, typed);
  const inKey = (op) => texts.has(ops.key[op]);
  const inValue = (op) => texts.has(ops.asked[op]) || texts.has(ops.answered[op]);
  const inProcess = (op) => String(ops.processOf(op)) === typed;
  const matches = { key: inKey, value: inValue, process: inProcess }[field];
  const found = [];
  for (let op = 0; op < ops.count; op++) if (matches(op)) found.push(op);
  return found;
}

function renderSearch(timeline) {
  const { ops } = timeline;
  const fields = ["value", "key", "process"].map((name) => element("option", { value: name }, name));
  const field = element("select", { id: "search-field", "aria-label": "Search by" }, ...fields);
  const input = element("input", { id: "search-text", type: "search", placeholder: "Search", "aria-label": "Search for", autocomplete: "off" });
  const status = element("output", { id: "search-status", for: "search-text" });
  const search = { found: [], at: MISSING, typed: "" };
  const tell = () => {
    const { found, at } = search;
    status.textContent = !input.value ? "" : found.length ? `${(at + 1).toLocaleString("en")} of ${found.length.toLocaleString("en")}` : "nothing found";
  };
  const go = (by) => {
    const { found } = search;
    if (found.length) {
      search.at = (search.at + by + found.length) % found.length;
      reveal(timeline, found[search.at]);
      choose(timeline, found[search.at]);
    }
    tell();
  };
  const look = () => {
    const typed = input.value.trim();
    search.found = typed ? findOperations(ops, field.value, typed) : [];
    search.at = MISSING;
    timeline.found = new Set(search.found);
    redraw(timeline);
    if (typed) go(1);
    else tell();
  };
  input.addEventListener("input", look);
  field.addEventListener("change", look);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { go(event.shiftKey ? -1 : 1); event.preventDefault(); }
  });
  const button = (id, label, name, by) => {
    const made = element("button", { type: "button", id, "aria-label": name, title: name }, label);
    made.addEventListener("click", () => go(by));
    return made;
  };
  return element(
    "div",
    { class: "tools", role: "search" },
    field, input,
    button("search-previous", "↑", "Previous found", -1),
    button("search-next", "↓", "Next found", 1),
    status,
  );
}
