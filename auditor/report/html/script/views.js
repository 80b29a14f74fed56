// Overview, compliance, rules, and what could not be read.
function bar(counts) {
  const total = counts.reduce((sum, [, value]) => sum + value, 0);
  const made = make("div", { class: "bar", "aria-hidden": "true" });
  for (const [word, value] of counts.filter(([, count]) => count)) {
    const part = make("span", { class: word });
    part.style.width = `${(100 * value) / total}%`;
    made.append(part);
  }
  return made;
}

function countBy(results, key, severities) {
  const groups = new Map();
  for (const result of results) {
    if (!groups.has(key(result))) groups.set(key(result), severities.map(() => 0));
    groups.get(key(result))[result.rule.severity] += 1;
  }
  const worst = ([left, a], [right, b]) => a.map((value, at) => b[at] - value).find((value) => value) || (left < right ? -1 : 1);
  return [...groups].sort(worst);
}

function countTable(caption, head, groups, severities, choose) {
  const rows = groups.map(([name, counts]) => [
    make("button", { type: "button", class: "link", onclick: () => choose(name) }, name),
    ...counts.map((value) => (value ? number(value) : "–")),
    bar(severities.map((word, at) => [word, counts[at]])),
  ]);
  return make("div", { class: "card" }, make("h2", {}, caption), rows.length ? table(caption, [head, ...severities.map((word) => `#${word}`), "Share"], rows) : make("p", {}, "No findings."));
}

function overviewView(data, results, go) {
  const failed = results.filter((result) => result.outcome === "fail");
  const counts = data.severities.map((word, at) => [word, failed.filter((result) => result.rule.severity === at).length]);
  const unknown = results.filter((result) => result.outcome === "unknown").length;
  const exempt = results.filter((result) => result.outcome === "exempt").length;
  const card = (word, value, changes) => make("button", { type: "button", class: word, onclick: () => go(changes) }, make("b", {}, number(value)), word);
  const cards = counts.map(([word, value]) => card(word, value, { severities: [word] }));
  cards.push(card("unknown", unknown, { outcome: "unknown" }), card("exempt", exempt, { outcome: "exempt" }));
  const guids = new Map(failed.map((result) => [result.subscription, result.guid || "tenant"]));
  const rules = data.rules.filter((rule) => rule.tally[0]).sort((a, b) => a.severity - b.severity || b.tally[0] - a.tally[0]).slice(0, 10);
  const top = rules.map((rule) => [badge(data.severities[rule.severity]), make("button", { type: "button", class: "link", onclick: () => go({ rule: rule.id }) }, rule.title), number(rule.tally[0])]);
  byId("overview").append(
    make("h2", {}, failed.length ? `${plural(failed.length, "finding")}, ${number(data.scan.passed)} checks passed` : `No findings, ${number(data.scan.passed)} checks passed`),
    make("div", { class: "cards" }, ...cards),
    make("div", { class: "columns" },
      countTable("By topic", "Topic", countBy(failed, (result) => result.rule.topic, data.severities), data.severities, (topic) => go({ topic })),
      countTable("By subscription", "Subscription", countBy(failed, (result) => result.subscription, data.severities).slice(0, 20), data.severities, (name) => go({ subscription: guids.get(name) }))),
    make("div", { class: "card" }, make("h2", {}, "Mend first"), top.length ? table("Mend first", ["Severity", "Rule", "#Findings"], top) : make("p", {}, "Nothing to mend.")));
}

function complianceView(data, go) {
  const shades = { failed: "high", passed: "good", unanswered: "medium", "not assessed": "info" };
  const parts = data.frameworks.map(([name, passed, assessed, controls]) => {
    const share = assessed ? `${Math.floor((100 * passed) / assessed)} %` : "nothing assessed";
    const states = Object.keys(shades).map((state) => [shades[state], controls.filter((control) => control[1] === state).length]);
    const rows = controls.map(([id, state, findings, rules]) => [
      findings ? make("button", { type: "button", class: "link", onclick: () => go({ framework: name, control: id }) }, id) : id,
      make("span", { class: `badge ${shades[state]}` }, state), findings ? number(findings) : "–", number(rules.length),
    ]);
    return make("details", { class: "card" },
      make("summary", {}, make("strong", {}, name), ` ${share}: ${number(passed)} of ${plural(assessed, "assessed control")} passed; ${number(controls.length)} covered by rules`, bar(states)),
      table(name, ["Control", "State", "#Findings", "#Rules"], rows));
  });
  const note = "A control counts as passed when every rule mapped to it passed everywhere it could judge. Controls that no rule covers are not listed.";
  byId("compliance").append(make("h2", {}, "Compliance"), make("p", { class: "quiet" }, note), ...(parts.length ? parts : [make("p", {}, "No rule is mapped to a framework.")]));
}

function rulesView(data, go) {
  const at = (word) => data.outcomes.indexOf(word);
  const sorted = [...data.rules].sort((a, b) => a.severity - b.severity || b.tally[0] - a.tally[0] || (a.id < b.id ? -1 : 1));
  const rows = sorted.map((rule) => [
    badge(data.severities[rule.severity]),
    make("button", { type: "button", class: "link", onclick: () => showRule(data, rule) }, rule.title), rule.topic,
    rule.tally[0] ? make("button", { type: "button", class: "link", onclick: () => go({ rule: rule.id }), "aria-label": `${plural(rule.tally[0], "finding")} of ${rule.title}` }, number(rule.tally[0])) : "–",
    number(rule.tally[at("unknown")]), number(rule.tally[at("exempt")]), number(rule.tally[at("pass")]),
  ]);
  byId("rules").append(make("div", { class: "card" }, make("h2", {}, plural(data.rules.length, "rule")), table("Rules", ["Severity", "Rule", "Topic", "#Findings", "#Unknown", "#Exempt", "#Pass"], rows)));
}

function showRule(data, rule) {
  const dialog = byId("detail");
  const parts = [
    make("div", { class: "top" }, make("h2", { id: "detail-title" }, badge(data.severities[rule.severity]), " ", rule.title), make("button", { type: "button", onclick: () => dialog.close() }, "Close")),
    make("p", { class: "quiet" }, `${rule.id} · ${rule.topic}`),
  ];
  if (rule.description) parts.push(make("h3", {}, "Why it matters"), make("p", { class: "text" }, rule.description));
  parts.push(...fixParts(rule, (text) => text), ...referenceParts(rule));
  dialog.replaceChildren(make("div", { class: "inner" }, ...parts));
  dialog.showModal();
}

function gapsView(data) {
  const content = data.gaps.length ? table("Not read", ["What", "Why", "Where", "What to do"], data.gaps) : make("p", {}, "Everything that was asked for was read.");
  byId("gaps").append(make("div", { class: "card" }, make("h2", {}, "Not read"), content));
}
