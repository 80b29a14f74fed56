// Frameworks, their controls, and what the rules say of each.
const STATES = { failed: "high", exempt: "info", unanswered: "medium", passed: "good", "not assessed": "none", "not covered": "none" };
const shade = (state) => STATES[state] || "none";

function stateBar(controls) {
  const states = [...new Set([...Object.keys(STATES), ...controls.map(([, state]) => state)])];
  return bar(states.map((state) => [shade(state), controls.filter((control) => control[1] === state).length]));
}

function complianceStrip(data, open) {
  if (!data.frameworks.length) return null;
  const tiles = data.frameworks.map(([name, passed, assessed, controls]) => make("button", { type: "button", class: "tile", onclick: () => open(name) },
    make("span", {}, name), make("b", {}, assessed ? percent(passed, assessed) : "–"), make("span", { class: "quiet small" }, `${number(passed)} of ${plural(assessed, "control")}`), stateBar(controls)));
  return make("section", { class: "card" }, make("h2", {}, "Compliance"), make("p", { class: "quiet" }, "Controls that passed, of those that the rules could assess."), make("div", { class: "strip" }, ...tiles));
}

function complianceView(data, go) {
  const parts = new Map(data.frameworks.map(([name, passed, assessed, controls]) => {
    const share = assessed ? percent(passed, assessed) : "nothing assessed";
    const details = make("details", { class: "card" },
      make("summary", {}, make("strong", {}, name), ` ${share}: ${number(passed)} of ${plural(assessed, "assessed control")} passed; ${number(controls.length)} covered by rules`, stateBar(controls)));
    // A framework has hundreds of controls: its table is made when it is opened.
    details.addEventListener("toggle", () => { if (details.open && !details.querySelector("table")) details.append(controlTable(data, name, controls, go)); });
    return [name, details];
  }));
  const note = "A control counts as passed when every rule mapped to it passed everywhere it could judge. Controls that no rule covers are not listed.";
  byId("compliance").append(make("h2", {}, "Compliance"), make("p", { class: "quiet" }, note), ...(parts.size ? parts.values() : [make("p", {}, "No rule is mapped to a framework.")]));
  return (name) => { for (const [each, details] of parts) details.open = each === name; parts.get(name)?.querySelector("summary").focus(); parts.get(name)?.scrollIntoView({ block: "start" }); };
}

function controlTable(data, name, controls, go) {
  const rows = controls.map(([id, state, findings, rules]) => [
    findings ? jump(id, () => go({ framework: name, control: id })) : id,
    make("span", { class: `badge ${shade(state)}` }, state), dash(findings), number(rules.length),
  ]);
  return table(name, ["Control", "State", "#Findings", "#Rules"], rows);
}
