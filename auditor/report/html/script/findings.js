// The list of findings with its filters.
function findingsView(data, results, chosen, open, changed) {
  let order = { key: "severity", rising: true };
  let shown = [];
  const status = make("p", { role: "status", class: "quiet" });
  const empty = make("p", { hidden: true }, "Nothing matches these filters.");
  const keys = {
    severity: (result) => result.index,
    rule: (result) => result.rule.title.toLowerCase(),
    name: (result) => result.name.toLowerCase(),
    group: (result) => result.group.toLowerCase(),
    subscription: (result) => result.subscription.toLowerCase(),
  };
  const sorted = { severity: results };
  const filters = makeFilters(data, results, () => {
    refresh();
    changed();
  });
  const grid = makeGrid(
    [
      {
        key: "severity",
        title: "Severity",
        show: (result) => [
          badge(result.outcome === "fail" ? result.severity : result.outcome),
          chosen.has(result) ? " ✓" : "",
        ],
      },
      { key: "rule", title: "Finding", show: (result) => result.rule.title },
      { key: "name", title: "Resource", show: (result) => result.name },
      { key: "group", title: "Group", show: (result) => result.group },
      { key: "subscription", title: "Subscription", show: (result) => result.subscription },
    ],
    (at) => open(shown, at),
    chosen,
    (key) => {
      order = { key, rising: order.key === key ? !order.rising : true };
      refresh();
      changed();
    },
  );

  // Sorted once for each column: filtering keeps the order.
  function inOrder({ key, rising }) {
    if (!sorted[key]) {
      const of = keys[key];
      const pairs = results.map((result) => [of(result), result]);
      pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1].index - b[1].index));
      sorted[key] = pairs.map((pair) => pair[1]);
    }
    return rising ? sorted[key] : [...sorted[key]].reverse();
  }

  function refresh() {
    shown = inOrder(order).filter(filters.matches());
    grid.show(shown, order.key, order.rising);
    empty.hidden = shown.length > 0;
    count();
  }

  function count() {
    const marked = chosen.count() ? `, ${number(chosen.count())} chosen` : "";
    status.textContent = `${number(shown.length)} of ${plural(results.length, "result")}${marked}`;
  }

  const values = () => ({
    ...filters.values(),
    sort: order.key === "severity" && order.rising ? "" : `${order.rising ? "" : "-"}${order.key}`,
  });
  const taken = () => chosen.of(results, shown);
  const button = (words, onclick, more = {}) => make("button", { type: "button", onclick, ...more }, words);
  // The mark in front tells spreadsheets that it is UTF-8.
  const save = button("Save as CSV", () => download("findings.csv", "text/csv", "\ufeff", csvText(data, taken())));
  const script = copyButton(() => scriptText(taken()), "Copy commands", "Copying is not allowed here");
  const saveScript = button("Save script", () => download("fix.sh", "text/x-shellscript", scriptText(taken())));
  const exempt = button("Save exemptions", () => download("exemptions.yaml", "text/yaml", exemptionText(taken())));
  const clear = button("Choose none", () => chosen.clear(), { hidden: true });
  chosen.onChange(() => {
    clear.hidden = !chosen.count();
    count();
    grid.redraw();
  });
  const share = copyButton(() => location.href, "Copy link", "It is in the address bar");
  byId("findings").append(
    make("h2", { class: "off" }, "Findings"),
    filters.element,
    make("div", { class: "results" }, status, clear, save, script, saveScript, exempt, share),
    empty,
    grid.element,
  );
  refresh();
  return {
    values,
    shown: () => shown,
    go: grid.go,
    search: filters.search,
    set(changes) {
      filters.set(changes);
      refresh();
    },
    restore(query) {
      const sort = query.get("sort") || "";
      const key = sort.replace(/^-/, "");
      order = Object.hasOwn(keys, key) ? { key, rising: !sort.startsWith("-") } : { key: "severity", rising: true };
      filters.restore(query);
      refresh();
    },
  };
}
