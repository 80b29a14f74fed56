// How bad, where, and what first.
function countBy(results, key, severities) {
  const groups = new Map();
  for (const result of results) {
    const name = key(result);
    let counts = groups.get(name);
    if (!counts) groups.set(name, (counts = severities.map(() => 0)));
    counts[result.rank] += 1;
  }
  const worst = ([left, a], [right, b]) =>
    a.map((value, at) => b[at] - value).find((value) => value) || (left < right ? -1 : 1);
  return [...groups].sort(worst);
}

const dash = (value) => (value ? number(value) : "–");

function countTable(caption, head, groups, severities, link, extra = () => [], heads = []) {
  const rows = groups.map(([name, counts]) => [link(name), ...counts.map(dash), ...extra(name, counts)]);
  return rows.length
    ? table(caption, [head, ...severities.map((word) => `#${word}`), ...heads], rows)
    : make("p", {}, "No findings.");
}

function verdict(data, failed, unknown, mend, go) {
  if (!failed.length) {
    const rest = unknown ? `, and ${plural(unknown, "check")} could not be decided` : "";
    return [make("h2", {}, `No findings, ${number(data.scan.passed)} checks passed${rest}`)];
  }
  const worst = data.severities
    .map((word, at) => [word, failed.filter((result) => result.rank === at).length])
    .filter(([, value]) => value)
    .slice(0, 2);
  const resources = new Set(failed.map((result) => result.key)).size;
  const first = mend[0];
  return [
    make(
      "h2",
      {},
      `${plural(failed.length, "finding")} on ${plural(resources, "resource")}, ${worst.map(([word, value]) => `${number(value)} ${word}`).join(" and ")}`,
    ),
    make(
      "p",
      {},
      "Begin with: ",
      jump(first.title, () => go({ rule: first.id })),
      ` (${number(first.tally[0])}). `,
      `${percent(data.scan.passed, data.scan.passed + failed.length)} of the checks that could be decided passed.`,
    ),
  ];
}

// Whether a pipeline may go on; nothing where no gate was asked.
function gateLine(data, go) {
  if (!data.gate) return null;
  if (!data.gate.set) return make("p", {}, "No gate was set.");
  if (data.gate.holds) return make("p", {}, badge("pass"), " The gate holds.");
  const { failing } = data.gate;
  return make(
    "p",
    {},
    badge("fail"),
    ` The gate fails: ${data.gate.reasons.join("; ")}. `,
    failing.length ? jump("Show what fails it", () => go({ gate: "failing", outcome: "" })) : "",
  );
}

function shareCells(passed, counts, severities) {
  const findings = counts.reduce((sum, value) => sum + value, 0);
  return [
    make(
      "div",
      { class: "share" },
      make("span", {}, passed + findings ? percent(passed, passed + findings) : "–"),
      bar([...severities.map((word, at) => [word, counts[at]]), ["good", passed]]),
    ),
  ];
}

function topicCard(data, failed, go) {
  const passed = new Map();
  for (const rule of data.rules)
    passed.set(rule.topic, (passed.get(rule.topic) || 0) + rule.tally[data.outcomes.indexOf("pass")]);
  const groups = new Map(countBy(failed, (result) => result.rule.topic, data.severities));
  for (const topic of passed.keys())
    if (!groups.has(topic) && passed.get(topic))
      groups.set(
        topic,
        data.severities.map(() => 0),
      );
  return card(
    "By topic",
    countTable(
      "By topic",
      "Topic",
      [...groups],
      data.severities,
      (topic) => jump(topic, () => go({ topic })),
      (topic, counts) => shareCells(passed.get(topic) || 0, counts, data.severities),
      ["Passed"],
    ),
  );
}

function subscriptionCard(data, failed, go) {
  const guids = new Map(failed.map((result) => [result.subscription, result.guid || "tenant"]));
  const groups = countBy(failed, (result) => result.subscription, data.severities);
  const more =
    groups.length > 12 ? make("p", { class: "quiet" }, `and ${plural(groups.length - 12, "subscription")} more`) : null;
  return card(
    "By subscription",
    countTable("By subscription", "Subscription", groups.slice(0, 12), data.severities, (name) =>
      jump(name, () => go({ subscription: guids.get(name) })),
    ),
    more,
  );
}

function resourceCard(data, failed, go) {
  const byKey = new Map(failed.map((result) => [result.key, result]));
  const groups = countBy(failed, (result) => result.key, data.severities).slice(0, 6);
  const rows = groups.map(([key, counts]) => {
    const result = byKey.get(key);
    return [
      make(
        "div",
        {},
        jump(result.name, () => go({ resource: key })),
        make(
          "div",
          { class: "quiet small" },
          `${result.type.split("/").slice(1).join("/") || result.type} in ${result.subscription}`,
        ),
      ),
      ...counts.slice(0, 3).map(dash),
      number(counts.reduce((sum, value) => sum + value, 0)),
    ];
  });
  return card(
    "Most affected resources",
    rows.length
      ? table(
          "Most affected resources",
          ["Resource", ...data.severities.slice(0, 3).map((word) => `#${word}`), "#all"],
          rows,
        )
      : make("p", {}, "No findings."),
  );
}

function mendCard(data, mend, go) {
  const rows = mend
    .slice(0, 8)
    .map((rule) => [
      badge(data.severities[rule.severity]),
      jump(rule.title, () => go({ rule: rule.id })),
      number(rule.tally[0]),
    ]);
  return card(
    "Mend first",
    rows.length ? table("Mend first", ["Severity", "Rule", "#Findings"], rows) : make("p", {}, "Nothing to mend."),
  );
}

function unknownCard(data, unknown, go, choose) {
  const parts = [];
  if (unknown)
    parts.push(
      make(
        "p",
        {},
        jump(plural(unknown, "check"), () => go({ outcome: "unknown" })),
        " could not be decided: what they depend on was not read. They count neither as passed nor as findings.",
      ),
    );
  if (data.gaps.length)
    parts.push(
      make("ul", {}, ...data.gaps.slice(0, 5).map(([type, why, where]) => make("li", {}, `${type}: ${why}, ${where}`))),
      jump("Everything that was not read, and what to do", () => choose("gaps")),
    );
  if (data.scan.partial) parts.push(make("p", {}, "Rules were left out by choice: this is not the whole posture."));
  if (data.notices.length) parts.push(make("ul", {}, ...data.notices.map((notice) => make("li", {}, notice))));
  return card(
    "Not known",
    ...(parts.length ? parts : [make("p", {}, "Everything that was asked for was read, and every check was decided.")]),
  );
}

function exemptCard(data, exempt, go) {
  const groups = new Map();
  for (const result of exempt) groups.set(result.exemption, (groups.get(result.exemption) || 0) + 1);
  const rows = [...groups]
    .sort(([a], [b]) => ((a ? a[2] : "") < (b ? b[2] : "") ? -1 : 1))
    .slice(0, 20)
    .map(([accepted, value]) => {
      const [reason, owner, until, ticket] = accepted || ["", "", "", ""];
      return [until, make("span", {}, reason, ticket ? ` (${ticket})` : ""), owner, number(value)];
    });
  if (!rows.length) return card("Accepted", make("p", {}, "No finding is accepted by an exemption."));
  return card(
    "Accepted",
    make(
      "p",
      {},
      jump(plural(exempt.length, "finding"), () => go({ outcome: "exempt" })),
      " accepted by exemptions in force, those that end first on top.",
    ),
    table("Accepted", ["Until", "Reason", "Owner", "#Findings"], rows),
  );
}

function picturesCard(data, choose) {
  if (!data.pictures.length) return null;
  return card(
    "Exposure and keys",
    make(
      "ul",
      {},
      ...data.pictures.map(({ title, caption }) =>
        make(
          "li",
          {},
          jump(title, () => choose("pictures")),
          `: ${caption}`,
        ),
      ),
    ),
  );
}

function aboutCard(data) {
  const { scan } = data;
  const time = (text) => text.replace("T", " ").replace(/(\.\d+)?(Z|\+00:00)$/, " UTC");
  return card(
    "About this audit",
    list([
      ["Source", scan.source],
      ["Tenant", scan.tenant],
      ["Scope", scan.scope],
      ["Subscriptions", scan.subscriptions],
      ["Resources read", number(scan.resources)],
      [
        "Read",
        scan.started === scan.finished ? time(scan.finished) : `${time(scan.started)} to ${time(scan.finished)}`,
      ],
      ["Rules", number(data.rules.length)],
      ["Not applicable", plural(scan.notApplicable, "check")],
      ["Tool", `azure-auditor ${scan.version}`],
    ]),
  );
}

function overviewView(data, results, go, choose, openFramework) {
  const of = (outcome) => results.filter((result) => result.outcome === outcome);
  const [failed, unknown, exempt] = [of("fail"), of("unknown"), of("exempt")];
  const mend = data.rules
    .filter((rule) => rule.tally[0])
    .sort((a, b) => a.severity - b.severity || b.tally[0] - a.tally[0] || (a.id < b.id ? -1 : 1));
  const counts = data.severities.map((word, at) => [
    word,
    failed.filter((result) => result.rank === at).length,
    { severities: [word] },
  ]);
  const tiles = [
    ...counts,
    ["unknown", unknown.length, { outcome: "unknown" }],
    ["exempt", exempt.length, { outcome: "exempt" }],
  ];
  byId("overview").replaceChildren(
    ...verdict(data, failed, unknown.length, mend, go),
    gateLine(data, go) || "",
    make(
      "div",
      { class: "cards" },
      ...tiles.map(([word, value, changes]) =>
        make(
          "button",
          { type: "button", class: word, onclick: () => go(changes) },
          make("b", {}, number(value)),
          " ",
          word,
        ),
      ),
    ),
    make("div", { class: "columns" }, mendCard(data, mend, go), resourceCard(data, failed, go)),
    trendCard(data) || "",
    picturesCard(data, choose) || "",
    complianceStrip(data, openFramework) || "",
    make(
      "div",
      { class: "columns" },
      topicCard(data, failed, go),
      make(
        "div",
        {},
        subscriptionCard(data, failed, go),
        unknownCard(data, unknown.length, go, choose),
        exemptCard(data, exempt, go),
      ),
    ),
    aboutCard(data),
  );
}
