// Which results are wanted, and the controls that say so.
const NO_FILTER = {
  outcome: "fail",
  topic: "",
  rule: "",
  subscription: "",
  type: "",
  owner: "",
  environment: "",
  gate: "",
  framework: "",
  control: "",
  resource: "",
  search: "",
};

function matcher(filter) {
  const words = filter.search.toLowerCase().split(/\s+/).filter(Boolean);
  // One a line: a machine and its network interfaces are one filter.
  const resources = filter.resource.split("\n");
  const controls = ({ frameworks }) => frameworks[filter.framework] || [];
  return (result) =>
    (!filter.outcome || result.outcome === filter.outcome) &&
    (!filter.severities.size || filter.severities.has(result.severity)) &&
    (!filter.topic || result.rule.topic === filter.topic) &&
    (!filter.rule || result.rule.id === filter.rule) &&
    (!filter.subscription || (result.guid || "tenant") === filter.subscription) &&
    (!filter.owner || result.whose[0] === filter.owner) &&
    (!filter.environment || result.whose[1] === filter.environment) &&
    (!filter.gate || result.gate[filter.gate]) &&
    (!filter.type || result.type.toLowerCase() === filter.type) &&
    (!filter.framework ||
      (filter.control ? controls(result.rule).includes(filter.control) : controls(result.rule).length > 0)) &&
    (!filter.resource || resources.some((id) => result.key === id || result.key.startsWith(`${id}/`))) &&
    words.every((word) => result.words.includes(word));
}

// What each control can be set to: [value, text] pairs, the first one for "any".
function choices(data, results) {
  const sorted = (pairs) => pairs.sort((a, b) => a[1].localeCompare(b[1], "en", { numeric: true }));
  const tagged = (at) =>
    [...new Set(results.map((result) => result.whose[at]))].filter(Boolean).map((word) => [word, word]);
  const outcomes = data.outcomes.filter((word) => word !== "fail" && results.some((result) => result.outcome === word));
  return {
    outcome: [["fail", "findings"], ...outcomes.map((word) => [word, word]), ["", "all"]],
    topic: [
      ["", "all topics"],
      ...[...new Set(data.rules.map((rule) => rule.topic))].sort().map((word) => [word, word]),
    ],
    type: [
      ["", "all types"],
      ...sorted([...new Map(results.map((result) => [result.type.toLowerCase(), result.type]))]),
    ],
    subscription: [
      ["", "all subscriptions"],
      ...sorted([...new Map(results.map((result) => [result.guid || "tenant", result.subscription]))]),
    ],
    owner: [["", "all owners"], ...sorted(tagged(0))],
    environment: [["", "all environments"], ...sorted(tagged(1))],
    rule: [["", "all rules"], ...sorted([...new Map(results.map((result) => [result.rule.id, result.rule.title]))])],
    gate: [
      ["", "any"],
      ...(data.gate?.failing.length ? [["failing", "fails the gate"]] : []),
      ...(data.gate?.known
        ? [
            ["new", "not in the baseline"],
            ["known", "in the baseline"],
          ]
        : []),
    ],
    framework: [["", "all frameworks"], ...data.frameworks.map(({ id }) => [id, id])],
    control: [["", "all controls"]],
  };
}

function makeFilters(data, results, changed) {
  let filter = { ...NO_FILTER, severities: new Set() };
  const options = choices(data, results);
  const controlsOf = new Map(
    data.frameworks.map(({ id, controls }) => [id, controls.filter((control) => control.rules.length)]),
  );
  const toggles = data.severities.map((word) =>
    make(
      "button",
      {
        type: "button",
        class: word,
        "aria-pressed": "false",
        onclick: () => {
          if (!filter.severities.delete(word)) filter.severities.add(word);
          shown();
          changed();
        },
      },
      word,
    ),
  );
  const search = make("input", {
    type: "search",
    placeholder: "name, rule, group, message",
    "aria-keyshortcuts": "/",
    oninput: () => {
      filter.search = search.value;
      changed();
    },
  });
  const selects = new Map();
  function pick(label, key) {
    const select = make("select", {
      onchange: () => {
        filter[key] = select.value;
        if (key === "framework") {
          filter.control = "";
          shown();
        }
        changed();
      },
    });
    selects.set(key, select);
    offer(key, options[key]);
    return make("label", {}, label, select);
  }
  function offer(key, pairs) {
    selects.get(key).replaceChildren(...pairs.map(([value, text]) => make("option", { value }, text)));
  }
  const chip = make("button", {
    type: "button",
    class: "chip",
    onclick: () => {
      filter.resource = "";
      shown();
      changed();
      search.focus();
    },
  });
  const more = make(
    "details",
    { class: "more" },
    make("summary", {}, "More filters"),
    make(
      "div",
      { class: "filters" },
      pick("Topic", "topic"),
      pick("Resource type", "type"),
      pick("Subscription", "subscription"),
      options.owner.length > 1 ? pick("Owner", "owner") : null,
      options.environment.length > 1 ? pick("Environment", "environment") : null,
      pick("Rule", "rule"),
      options.gate.length > 1 ? pick("Gate", "gate") : null,
      pick("Framework", "framework"),
      pick("Control", "control"),
    ),
  );
  more.open = matchMedia("(min-width: 56rem)").matches;
  const element = make(
    "div",
    {},
    make(
      "div",
      { class: "filters" },
      make("fieldset", { class: "toggles" }, make("legend", {}, "Severity"), ...toggles),
      make("label", { class: "search" }, "Search", search),
      pick("Outcome", "outcome"),
      make(
        "button",
        {
          type: "button",
          onclick: () => {
            set({});
            changed();
          },
        },
        "Clear",
      ),
      chip,
    ),
    more,
  );

  // The controls as the filter says.
  function shown() {
    const controls = controlsOf.get(filter.framework) || [];
    if (selects.get("control").dataset.of !== filter.framework) {
      offer("control", [...options.control, ...controls.map(({ id, title }) => [id, title ? `${id} ${title}` : id])]);
      selects.get("control").dataset.of = filter.framework;
      selects.get("control").disabled = !controls.length;
    }
    for (const toggle of toggles)
      toggle.setAttribute("aria-pressed", String(filter.severities.has(toggle.textContent)));
    for (const [key, select] of selects) select.value = filter[key];
    search.value = filter.search;
    chip.hidden = !filter.resource;
    chip.textContent = `on ${filter.resource.split("\n")[0].split("/").pop()} ✕`;
    chip.setAttribute("aria-label", `On ${filter.resource}: remove this filter`);
  }

  // Values that no control offers (an old link) are left out.
  function set(changes) {
    filter = {
      ...NO_FILTER,
      severities: new Set(data.severities.filter((word) => (changes.severities || []).includes(word))),
    };
    for (const key of Object.keys(NO_FILTER)) {
      if (typeof changes[key] !== "string") continue;
      const known =
        key === "control"
          ? (controlsOf.get(filter.framework) || []).some(({ id }) => id === changes[key])
          : !options[key] || options[key].some(([value]) => value === changes[key]);
      if (known) filter[key] = changes[key];
    }
    if (["topic", "type", "subscription", "rule", "gate", "framework"].some((key) => filter[key])) more.open = true;
    shown();
  }

  // As the address holds it, and back.
  function values() {
    const { severities, ...rest } = filter;
    if (rest.outcome === "fail") delete rest.outcome;
    else rest.outcome = rest.outcome || "all";
    return { severity: [...severities].join(","), ...rest };
  }
  function restore(query) {
    const outcome = query.get("outcome");
    const given = Object.fromEntries(
      Object.keys(NO_FILTER)
        .filter((key) => query.has(key))
        .map((key) => [key, query.get(key)]),
    );
    set({
      ...given,
      severities: (query.get("severity") || "").split(","),
      ...(outcome === "all" ? { outcome: "" } : {}),
    });
  }
  shown();
  return { element, search, set, values, restore, matches: () => matcher(filter) };
}
