// One result in full, in a panel.
function makeDetail(data, chosen, go, moved) {
  const dialog = byId("detail");
  let shown = [];
  let at = 0;
  let done = null;

  function step(by) {
    if (at + by < 0 || at + by >= shown.length) return;
    at += by;
    draw();
    dialog.querySelector(by > 0 ? ".next" : ".previous").focus();
    moved(at, shown[at]);
  }

  function steps(place) {
    return [
      make(
        "button",
        {
          type: "button",
          class: "previous",
          "aria-keyshortcuts": "k",
          disabled: at === 0,
          onclick: () => step(-1),
        },
        "Previous",
      ),
      make(
        "button",
        {
          type: "button",
          class: "next",
          "aria-keyshortcuts": "j",
          disabled: at === shown.length - 1,
          onclick: () => step(1),
        },
        "Next",
      ),
      make("span", { class: "quiet" }, place),
    ];
  }

  function pick() {
    chosen.toggle(shown[at]);
    draw();
    dialog.querySelector(".choose").focus();
  }

  function draw() {
    const result = shown[at];
    const { rule } = result;
    const link = portalLink(data, result.id);
    const place = shown.length > 1 ? `${number(at + 1)} of ${number(shown.length)}` : "";
    const choose = make(
      "button",
      {
        type: "button",
        "aria-pressed": String(chosen.has(result)),
        "aria-keyshortcuts": "x",
        class: "choose",
        onclick: () => pick(),
      },
      chosen.has(result) ? "Chosen" : "Choose",
    );
    const parts = [
      panelHead(
        badge(result.severity),
        rule.title,
        dialog,
        [
          choose,
          ...(shown.length > 1 ? steps(place) : []),
        ],
      ),
      make("p", { class: "message" }, result.outcome === "fail" ? "" : badge(result.outcome), " ", result.message),
      result.changed ? make("p", { class: "quiet" }, `Changed ${result.changed}.`) : "",
      result.since ? make("p", { class: "quiet" }, `Stands since ${result.since}.`) : "",
      make(
        "p",
        {},
        jump(
          result.name,
          () => {
            dialog.close();
            go({ resource: result.key, outcome: "" });
          },
          { title: "All results on this resource" },
        ),
        make(
          "span",
          { class: "quiet" },
          ` ${[result.type, result.group, result.subscription, result.location, ...result.whose.slice(0, 3)].filter(Boolean).join(" · ")}`,
        ),
      ),
      make(
        "p",
        {},
        make("code", { class: "small" }, result.id),
        " ",
        copyButton(result.id),
        " ",
        link ? outside(link, "Open in the portal") : "",
      ),
    ];
    if (result.exemption) parts.push(...exemptionParts(result.exemption));
    if (result.gap)
      parts.push(
        make("h3", {}, "Why this is unknown"),
        list([
          ["Not read", result.gap[0]],
          ["Why", result.gap[1]],
          ["Where", result.gap[2]],
          ["What to do", result.gap[3]],
        ]),
      );
    if (evidenceOf(data, result).length) {
      const cell = (text) => make("code", {}, text);
      parts.push(
        make("h3", {}, "Evidence"),
        wide(
          "Evidence",
          ["Property", "Found", "Wanted"],
          evidenceOf(data, result).map((leaf) => leaf.map(cell)),
          "stack",
        ),
      );
    }
    // What is unknown may be a whole scope: its name is not the name of what would have to be mended.
    const known = result.outcome !== "unknown";
    parts.push(
      ...ruleParts(
        data,
        rule,
        (text, shell) => (known ? fill(text, result, shell) : text),
        known ? "How to fix" : "How to fix, where it fails",
      ),
    );
    parts.push(
      make("h3", {}, "Rule and fingerprint"),
      make(
        "p",
        {},
        jump(
          rule.id,
          () => {
            dialog.close();
            go({ rule: rule.id });
          },
          { title: "All findings of this rule" },
        ),
        " ",
        make("code", { class: "small" }, result.fingerprint),
      ),
    );
    dialog.replaceChildren(make("div", { class: "inner" }, ...parts));
    dialog.scrollTop = 0;
  }

  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, [role=tab]")) return;
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
    if (event.key === "x" && dialog.querySelector(".choose")) pick();
  });
  dialog.addEventListener("close", () => {
    const close = done;
    done = null;
    close?.(at);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  return {
    open(results, index, closed) {
      shown = results;
      at = index;
      draw();
      if (!dialog.open) dialog.showModal();
      done = closed;
      moved(at, shown[at]);
    },
    rule(rule) {
      dialog.replaceChildren(
        make(
          "div",
          { class: "inner" },
          panelHead(badge(data.severities[rule.severity]), rule.title, dialog),
          make("p", { class: "quiet" }, `${rule.id} · ${rule.topic}`),
          ...ruleParts(data, rule, (text) => text),
        ),
      );
      dialog.showModal();
      dialog.scrollTop = 0;
    },
  };
}

function panelHead(mark, title, dialog, steps) {
  return make(
    "div",
    { class: "top" },
    make("h2", { id: "detail-title" }, mark, " ", title),
    make(
      "div",
      { class: "steps" },
      steps || null,
      make("button", { type: "button", onclick: () => dialog.close() }, "Close"),
    ),
  );
}

function exemptionParts([reason, owner, until, ticket, source]) {
  return [
    make("h3", {}, "Accepted"),
    list([
      ["Reason", reason],
      ["Owner", owner],
      ["Until", until],
      ["Ticket", ticket],
      ["Source", source],
    ]),
  ];
}

function ruleParts(data, rule, filled, heading = "How to fix") {
  const parts = [];
  if (rule.description) parts.push(make("h3", {}, "Why it matters"), make("p", { class: "text" }, rule.description));
  if (rule.fix || rule.code.length) parts.push(make("h3", {}, heading));
  if (rule.fix) parts.push(make("p", { class: "text" }, filled(rule.fix, false)));
  if (rule.code.length) parts.push(codeTabs(rule.code.map(([heading, code]) => [heading, filled(code, true)])));
  const frameworks = Object.entries(rule.frameworks).map(([name, controls]) => [name, controls.join(", ")]);
  if (frameworks.length) parts.push(make("h3", {}, "Frameworks"), list(frameworks));
  const same = Object.entries(rule.equivalents).map(([name, ids]) => [
    name,
    make("span", {}, ...ids.flatMap((id, at) => [at ? ", " : "", equivalent(data, name, id)])),
  ]);
  if (same.length) parts.push(make("h3", {}, "Also checked by"), list(same));
  const links = rule.references.map((link) => make("li", {}, outside(link, link)));
  if (links.length) parts.push(make("h3", {}, "References"), make("ul", {}, ...links));
  return parts;
}

function equivalent(data, name, id) {
  if (name !== "azure-policy" || !/^[\da-f-]{36}$/i.test(id)) return id;
  const definition = encodeURIComponent(`/providers/Microsoft.Authorization/policyDefinitions/${id}`);
  return outside(`${data.portal}/#view/Microsoft_Azure_Policy/PolicyDetailBlade/definitionId/${definition}`, id);
}

// Tabs for Azure CLI, Bicep, Terraform; the language chosen last stays chosen.
let language = "";
function codeTabs(blocks) {
  const tabs = blocks.map(([heading], at) =>
    make("button", { type: "button", role: "tab", id: `code-tab-${at}`, "aria-controls": `code-${at}` }, heading),
  );
  const panels = blocks.map(([heading, text], at) =>
    make(
      "div",
      { role: "tabpanel", id: `code-${at}`, "aria-labelledby": `code-tab-${at}`, class: "code" },
      copyButton(text),
      make("pre", { tabindex: "0", "aria-label": heading }, text),
    ),
  );
  const first = Math.max(
    0,
    blocks.findIndex(([heading]) => heading === language),
  );
  const element = make(
    "div",
    { class: "codes" },
    make("div", { class: "tabs", role: "tablist", "aria-label": "Code" }, ...tabs),
    ...panels,
  );
  tabs.forEach((tab, at) => {
    tab.tabIndex = at === first ? 0 : -1;
    tab.setAttribute("aria-selected", String(at === first));
    panels[at].hidden = at !== first;
  });
  makeTabs(tabs, (tab) => {
    language = tab.textContent;
  });
  return element;
}
