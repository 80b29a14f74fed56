// Every rule that ran, and what could not be read.
function rulesView(data, detail, go) {
  const at = (word) => data.outcomes.indexOf(word);
  const sorted = [...data.rules].sort(
    (a, b) => a.severity - b.severity || b.tally[0] - a.tally[0] || (a.id < b.id ? -1 : 1),
  );
  const rows = sorted.map((rule) => [
    badge(data.severities[rule.severity]),
    jump(rule.title, () => detail.rule(rule)),
    rule.topic,
    rule.tally[0]
      ? jump(number(rule.tally[0]), () => go({ rule: rule.id }), {
          "aria-label": `${plural(rule.tally[0], "finding")} of ${rule.title}`,
        })
      : "–",
    dash(rule.tally[at("unknown")]),
    dash(rule.tally[at("exempt")]),
    dash(rule.tally[at("pass")]),
  ]);
  const made = table("Rules", ["Severity", "Rule", "Topic", "#Findings", "#Unknown", "#Exempt", "#Pass"], rows);
  const lines = [...made.querySelectorAll("tbody tr")].map((line, index) => [
    line,
    `${sorted[index].id} ${sorted[index].title} ${sorted[index].topic}`.toLowerCase(),
  ]);
  const status = make("p", { role: "status", class: "quiet" }, plural(lines.length, "rule"));
  const search = make("input", {
    type: "search",
    placeholder: "rule, topic",
    oninput: () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const [line, text] of lines) line.hidden = !words.every((word) => text.includes(word));
      status.textContent = plural(lines.filter(([line]) => !line.hidden).length, "rule");
    },
  });
  byId("rules").append(
    card(
      "Rules",
      make("div", { class: "filters" }, make("label", { class: "search" }, "Search rules", search)),
      status,
      made,
    ),
  );
}

function gapsView(data) {
  const content = data.gaps.length
    ? [
        make("p", { class: "quiet" }, "Rules that depend on these reads answer “unknown”, never “passed”."),
        wide("Not read", ["What", "Why", "Where", "What to do"], data.gaps, "stack"),
      ]
    : [make("p", {}, "Everything that was asked for was read.")];
  byId("gaps").append(card("Not read", ...content));
}
