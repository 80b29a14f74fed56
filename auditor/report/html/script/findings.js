// The list of findings with its filters.
function findingsView(data, results, open) {
  const all = { severities: new Set(), outcome: "fail", topic: "", subscription: "", framework: "", rule: "", control: "", search: "" };
  let filter = { ...all };
  let order = { key: "severity", rising: true };
  const status = make("p", { role: "status", class: "quiet" });
  const empty = make("p", { hidden: true }, "Nothing matches these filters.");
  const keys = {
    severity: (result) => result.index, rule: (result) => result.rule.title, name: (result) => result.name.toLowerCase(),
    group: (result) => result.group.toLowerCase(), subscription: (result) => result.subscription.toLowerCase(),
  };
  const grid = makeGrid([
    { key: "severity", title: "Severity", show: (result) => badge(result.outcome === "fail" ? result.severity : result.outcome) },
    { key: "rule", title: "Finding", show: (result) => result.rule.title },
    { key: "name", title: "Resource", show: (result) => result.name },
    { key: "group", title: "Group", wide: true, show: (result) => result.group },
    { key: "subscription", title: "Subscription", wide: true, show: (result) => result.subscription },
  ], open, (key) => { order = { key, rising: order.key === key ? !order.rising : true }; refresh(); });

  const toggles = data.severities.map((word) => make("button", { type: "button", class: word, "aria-pressed": "false", onclick: (event) => {
    if (!filter.severities.delete(word)) filter.severities.add(word);
    event.currentTarget.setAttribute("aria-pressed", String(filter.severities.has(word)));
    refresh();
  } }, word));
  const pick = (label, key, options) => {
    const select = make("select", { onchange: () => { filter[key] = select.value; refresh(); } }, ...options.map(([value, text]) => make("option", { value }, text)));
    select.dataset.key = key;
    return make("label", {}, label, select);
  };
  const some = (values, first) => [["", first], ...[...values].map((value) => (Array.isArray(value) ? value : [value, value]))];
  const outcomes = [...new Set(results.map((result) => result.outcome))].filter((word) => word !== "fail");
  const subscriptions = [...new Map(results.map((result) => [result.guid || "tenant", result.subscription]))].sort((a, b) => a[1].localeCompare(b[1]));
  const search = make("input", { type: "search", placeholder: "name, rule, group, message", oninput: () => { filter.search = search.value; refresh(); } });
  const rules = data.rules.filter((rule) => rule.tally[0] + rule.tally[1] + rule.tally[2]).map((rule) => [rule.id, rule.title]).sort((a, b) => a[1].localeCompare(b[1]));
  const filters = make("div", { class: "filters" },
    make("fieldset", { class: "toggles" }, make("legend", {}, "Severity"), ...toggles),
    make("label", {}, "Search", search),
    pick("Outcome", "outcome", [["fail", "findings"], ...outcomes.map((word) => [word, word]), ["", "all"]]),
    pick("Topic", "topic", some([...new Set(data.rules.map((rule) => rule.topic))].sort(), "all topics")),
    pick("Rule", "rule", some(rules, "all rules")),
    pick("Subscription", "subscription", some(subscriptions, "all subscriptions")),
    pick("Framework", "framework", some(data.frameworks.map((framework) => framework[0]), "all frameworks")),
    make("button", { type: "button", onclick: () => set({}) }, "Clear"));

  function matches(result, words) {
    const { rule } = result;
    return (!filter.outcome || result.outcome === filter.outcome)
      && (!filter.severities.size || filter.severities.has(result.severity))
      && (!filter.topic || rule.topic === filter.topic)
      && (!filter.rule || rule.id === filter.rule)
      && (!filter.subscription || (result.guid || "tenant") === filter.subscription)
      && (!filter.framework || (rule.frameworks[filter.framework] || []).some((control) => !filter.control || control === filter.control))
      && words.every((word) => result.words.includes(word));
  }

  function refresh() {
    const words = filter.search.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = results.filter((result) => matches(result, words));
    const key = keys[order.key];
    shown.sort((a, b) => {
      const [left, right] = [key(a), key(b)];
      return (left < right ? -1 : left > right ? 1 : a.index - b.index) * (order.rising ? 1 : -1);
    });
    grid.show(shown, order.key, order.rising);
    empty.hidden = shown.length > 0;
    const control = filter.control ? `, control ${filter.control}` : "";
    status.textContent = `${number(shown.length)} of ${plural(results.length, "result")}${control}`;
  }

  function set(changes) {
    filter = { ...all, severities: new Set(changes.severities || []), ...Object.fromEntries(Object.entries(changes).filter(([key]) => key !== "severities")) };
    for (const toggle of toggles) toggle.setAttribute("aria-pressed", String(filter.severities.has(toggle.textContent)));
    for (const select of filters.querySelectorAll("select")) select.value = filter[select.dataset.key];
    search.value = filter.search;
    refresh();
  }
  byId("findings").append(make("h2", {}, "Findings"), filters, status, empty, grid.element);
  refresh();
  return { set, refresh };
}
