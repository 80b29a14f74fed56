// Start: theme, tabs, keys, address.
function makeTheme() {
  const button = byId("theme");
  function apply(dark) {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    button.textContent = dark ? "Light" : "Dark";
    button.setAttribute("aria-label", dark ? "Light colours" : "Dark colours");
  }
  apply(matchMedia("(prefers-color-scheme: dark)").matches);
  button.addEventListener("click", () => apply(document.documentElement.dataset.theme !== "dark"));
}

const HELP = [
  ["/", "search the findings"],
  ["?", "this help"],
  ["Esc", "close what is open"],
  ["↑ ↓ Page Up Page Down Home End", "move in the list"],
  ["Enter", "open a finding"],
  ["j, k", "next, previous finding while one is open"],
  ["x", "choose a finding: what is saved and copied are the chosen ones, or all that are shown"],
  ["← → ↑ ↓", "move between tabs, and between resources of a picture"],
  ["+ − 0 1", "picture larger, smaller, fitted, full size"],
];

function makeHelp() {
  const dialog = byId("help");
  dialog.append(
    make(
      "div",
      { class: "inner" },
      make(
        "div",
        { class: "top" },
        make("h2", { id: "help-title" }, "Keyboard"),
        make("button", { type: "button", onclick: () => dialog.close() }, "Close"),
      ),
      list(HELP.map(([keys, what]) => [make("kbd", {}, keys), what])),
    ),
  );
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  const open = () => {
    if (!document.querySelector("dialog[open]")) dialog.showModal();
  };
  byId("help-open").addEventListener("click", open);
  return open;
}

function makeKeys(help, search) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const writing = event.target.matches("input, select, textarea");
    if (event.key === "Escape" && writing) event.target.blur();
    if (writing) return;
    if (event.key === "/") {
      event.preventDefault();
      search();
    }
    if (event.key === "?") {
      event.preventDefault();
      help();
    }
  });
}

function start(data) {
  const results = unpack(data);
  const tabs = [...document.querySelectorAll("nav [role=tab]")];
  const viewOf = (tab) => tab.getAttribute("aria-controls");
  let opened = "";
  let framework = "";
  const current = () => viewOf(tabs.find((tab) => tab.getAttribute("aria-selected") === "true"));
  const told = { findings: () => ({ ...findings.values(), finding: opened }), compliance: () => ({ framework }) };
  const tell = (step) => writeAddress(current(), (told[current()] || (() => ({})))(), step);
  const select = makeTabs(tabs, () => tell(true));
  const choose = (id) => {
    select(byId(`tab-${id}`), false);
    tell(true);
    window.scrollTo(0, 0);
  };

  const go = (changes) => {
    findings.set(changes);
    choose("findings");
    byId("main").focus({ preventScroll: true });
  };
  const chosen = makeChosen();
  const detail = makeDetail(data, chosen, go, (at, result) => {
    opened = result.fingerprint;
    findings.go(at, false);
    tell(false);
  });
  const open = (shown, at) =>
    detail.open(shown, at, (last) => {
      opened = "";
      tell(false);
      if (current() === "findings") findings.go(last);
    });
  const findings = findingsView(data, results, chosen, open, () => tell(false));
  const openFramework = complianceView(data, detail, go, (id) => {
    framework = id;
    if (current() === "compliance") tell(false);
  });
  overviewView(data, results, go, choose, (name) => {
    choose("compliance");
    openFramework(name);
  });
  summaryView(data, go, choose);
  picturesView(data, go);
  rulesView(data, detail, go);
  gapsView(data);
  makePrint(data, findings.shown);
  makeKeys(makeHelp(), () => {
    choose("findings");
    findings.search.focus();
    findings.search.select();
  });

  function restore() {
    const { view, values } = readAddress();
    const tab = tabs.find((each) => viewOf(each) === view) || tabs[0];
    if (viewOf(tab) === "findings") findings.restore(values);
    select(tab, false);
    if (viewOf(tab) === "compliance") openFramework(values.get("framework"));
    const wanted = values.get("finding");
    const at = wanted ? findings.shown().findIndex((result) => result.fingerprint === wanted) : -1;
    if (at >= 0) open(findings.shown(), at);
    else if (byId("detail").open) byId("detail").close();
  }
  window.addEventListener("popstate", restore);
  restore();
}

makeTheme();
load()
  .then((data) => {
    start(data);
    document.documentElement.dataset.ready = "true";
  })
  .catch((error) => {
    byId("overview").replaceChildren(
      make("p", { class: "warning", id: "broken" }, `This browser cannot show the report: ${error.message}`),
    );
  });
