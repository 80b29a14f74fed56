// One result in full, in a dialog.
function copyButton(text) {
  const button = make("button", { type: "button", onclick: async () => {
    try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; } catch { button.textContent = "Select and copy"; }
  } }, "Copy");
  return button;
}

function showDetail(data, result) {
  const { rule } = result;
  const dialog = byId("detail");
  const link = portalLink(data, result.id);
  const facts = [
    ["Resource", link ? outside(link, result.name) : result.name], ["Type", result.type], ["Group", result.group], ["Subscription", result.subscription],
    ["Location", result.location], ["Id", result.id], ["Rule", rule.id], ["Accepted", result.exemption], ["Fingerprint", result.fingerprint],
  ].filter(([, value]) => value);
  const parts = [
    make("div", { class: "top" },
      make("h2", { id: "detail-title" }, badge(result.severity), " ", rule.title),
      make("button", { type: "button", onclick: () => dialog.close() }, "Close")),
    make("p", {}, result.outcome === "fail" ? "" : badge(result.outcome), " ", result.message),
    make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])),
  ];
  if (result.evidence.length) {
    parts.push(make("h3", {}, "Evidence"), table("Evidence", ["Property", "Found", "Wanted"], result.evidence));
  }
  if (rule.description) parts.push(make("h3", {}, "Why it matters"), make("p", { class: "text" }, rule.description));
  parts.push(...fixParts(rule, (text, shell) => fill(text, result, shell)), ...referenceParts(rule));
  dialog.replaceChildren(make("div", { class: "inner" }, ...parts));
  dialog.showModal();
  dialog.scrollTop = 0;
}

function fixParts(rule, filled) {
  const parts = rule.fix || rule.code.length ? [make("h3", {}, "How to fix")] : [];
  if (rule.fix) parts.push(make("p", { class: "text" }, filled(rule.fix, false)));
  for (const [heading, code] of rule.code) {
    const text = filled(code, true);
    parts.push(make("div", { class: "top" }, make("h3", {}, heading), copyButton(text)), make("pre", { tabindex: "0" }, text));
  }
  return parts;
}

function referenceParts(rule) {
  const parts = [];
  const frameworks = Object.entries(rule.frameworks).map(([name, controls]) => make("li", {}, `${name}: ${controls.join(", ")}`));
  if (frameworks.length) parts.push(make("h3", {}, "Frameworks"), make("ul", {}, ...frameworks));
  const links = rule.references.map((link) => make("li", {}, outside(link, link)));
  if (links.length) parts.push(make("h3", {}, "References"), make("ul", {}, ...links));
  return parts;
}
