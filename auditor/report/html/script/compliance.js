// Frameworks, their sections and controls, and what the rules say of each.
const STATES = {
  failed: "high",
  unanswered: "medium",
  exempt: "info",
  passed: "good",
  "not assessed": "none",
  "not covered": "open",
};

function stateBar(controls) {
  return bar(
    Object.entries(STATES).map(([state, word]) => [word, controls.filter((control) => control.state === state).length]),
  );
}

function share({ passed, assessed }) {
  return assessed ? percent(passed, assessed) : "–";
}

function complianceStrip(data, open) {
  if (!data.frameworks.length) return null;
  const tiles = data.frameworks.map((framework) =>
    make(
      "button",
      { type: "button", class: "tile", onclick: () => open(framework.id) },
      make("span", {}, framework.id),
      make("b", {}, share(framework)),
      make(
        "span",
        { class: "quiet small" },
        `${number(framework.passed)} of ${number(framework.assessed)}, ${number(framework.controls.length)} in all`,
      ),
      stateBar(framework.controls),
    ),
  );
  return card(
    "Compliance",
    make(
      "p",
      { class: "quiet" },
      "Controls that passed, of those that a rule had something to judge for; the pale part of a bar is for controls that no rule looks at.",
    ),
    make("div", { class: "strip" }, ...tiles),
  );
}

function complianceView(data, detail, go, opened) {
  const parts = new Map(
    data.frameworks.map((framework) => {
      const { id, name, version, passed, assessed, controls } = framework;
      const covered = controls.filter((control) => control.rules.length).length;
      const details = make(
        "details",
        { class: "card framework" },
        make(
          "summary",
          {},
          make("strong", {}, name || id),
          name && make("span", { class: "quiet" }, ` ${id}${version ? `, version ${version}` : ""}`),
          make(
            "span",
            { class: "sum" },
            assessed
              ? `${percent(passed, assessed)}: ${number(passed)} of ${plural(assessed, "assessed control")} passed`
              : "nothing assessed",
            `; rules look at ${number(covered)} of ${number(controls.length)} controls`,
          ),
          stateBar(controls),
        ),
      );
      // A framework has hundreds of controls: its tables are made when it is opened.
      details.addEventListener("toggle", () => {
        if (details.open && !details.querySelector("table"))
          details.append(...controlParts(data, framework, detail, go));
        opened(details.open ? id : "");
      });
      return [id, details];
    }),
  );
  const note =
    "A control passed when every rule that looks at it passed everywhere it could judge. A finding fails it, a gap leaves it unanswered, an accepted finding makes it exempt: none of these counts as passed. Rules see the technical side of a control only.";
  byId("compliance").append(
    make("h2", {}, "Compliance"),
    make("p", { class: "quiet" }, note),
    ...(parts.size ? parts.values() : [make("p", {}, "No rule is mapped to a framework.")]),
  );
  return (id) => {
    const details = parts.get(id);
    if (!details) return;
    details.open = true;
    details.querySelector("summary").focus({ preventScroll: true });
    details.scrollIntoView({ block: "start" });
  };
}

// The controls of a framework by section, and toggles for their states.
function controlParts(data, { id, source, controls }, detail, go) {
  const states = Object.keys(STATES).filter((state) => controls.some((control) => control.state === state));
  const wanted = new Set(states.filter((state) => state !== "not covered" || states.length === 1));
  const body = make("div", {});
  const toggles = states.map((state) =>
    make(
      "button",
      {
        type: "button",
        class: STATES[state] === "open" ? "none" : STATES[state],
        "aria-pressed": String(wanted.has(state)),
        onclick: (event) => {
          if (!wanted.delete(state)) wanted.add(state);
          event.currentTarget.setAttribute("aria-pressed", String(wanted.has(state)));
          draw();
        },
      },
      `${state} ${number(controls.filter((control) => control.state === state).length)}`,
    ),
  );
  function draw() {
    const sections = new Map();
    for (const control of controls) {
      if (!sections.has(control.section)) sections.set(control.section, []);
      sections.get(control.section).push(control);
    }
    body.replaceChildren(
      ...[...sections].map(([section, all]) => {
        const shown = all.filter((control) => wanted.has(control.state));
        return shown.length ? sectionPart(data, id, section, all, shown, detail, go) : "";
      }),
    );
  }
  draw();
  const link = /^https:\/\//.test(source) ? make("p", {}, outside(source, "The framework at its publisher")) : "";
  return [link, make("fieldset", { class: "toggles" }, make("legend", {}, "Shown"), ...toggles), body];
}

function sectionPart(data, framework, section, all, shown, detail, go) {
  const passed = all.filter((control) => control.state === "passed").length;
  const assessed = all.filter((control) => !["not assessed", "not covered"].includes(control.state)).length;
  const rows = shown.map((control) => [
    control.findings
      ? jump(control.id, () => go({ framework, control: control.id }), { title: "Its findings" })
      : control.id,
    make(
      "span",
      {},
      control.title,
      control.assessable ? make("span", { class: "quiet small" }, ` (${control.assessable})`) : "",
    ),
    make(
      "span",
      { class: `badge ${STATES[control.state] === "open" ? "none" : STATES[control.state]}` },
      control.state,
    ),
    dash(control.findings),
    dash(control.unknown),
    dash(control.exempt),
    ruleList(data, control, detail),
  ]);
  const name = section || framework;
  return make(
    "div",
    { class: "section" },
    section
      ? make(
          "h3",
          {},
          section,
          make(
            "span",
            { class: "quiet small" },
            assessed ? ` ${number(passed)} of ${number(assessed)} passed` : " nothing assessed",
          ),
        )
      : "",
    wide(`${framework}, ${name}`, ["Control", "Title", "State", "#Findings", "#Unknown", "#Exempt", "Rules"], rows),
  );
}

function ruleList(data, control, detail) {
  if (!control.rules.length) return "–";
  const details = make("details", {}, make("summary", {}, plural(control.rules.length, "rule")));
  details.addEventListener("toggle", () => {
    if (!details.open || details.querySelector("ul")) return;
    const rules = control.rules
      .map((at) => data.rules[at])
      .sort((a, b) => b.tally[0] - a.tally[0] || a.severity - b.severity);
    details.append(
      make(
        "ul",
        {},
        ...rules.map((rule) =>
          make(
            "li",
            {},
            jump(rule.title, () => detail.rule(rule)),
            rule.tally[0] ? ` (${number(rule.tally[0])})` : "",
          ),
        ),
      ),
    );
  });
  return details;
}
