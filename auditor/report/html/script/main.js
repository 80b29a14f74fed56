// Tabs, theme, start.
function makeTabs() {
  const tabs = [...document.querySelectorAll('[role="tab"]')];
  function select(tab, focus) {
    for (const each of tabs) {
      const chosen = each === tab;
      each.setAttribute("aria-selected", String(chosen));
      each.tabIndex = chosen ? 0 : -1;
      byId(each.getAttribute("aria-controls")).hidden = !chosen;
    }
    if (focus) tab.focus();
  }
  tabs.forEach((tab, at) => {
    tab.addEventListener("click", () => select(tab, false));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to !== undefined) { event.preventDefault(); select(tabs[(to + tabs.length) % tabs.length], true); }
    });
  });
  return (id) => select(byId(`tab-${id}`), false);
}

function makeTheme() {
  const button = byId("theme");
  function apply(dark) {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    button.textContent = dark ? "Light" : "Dark";
  }
  apply(matchMedia("(prefers-color-scheme: dark)").matches);
  button.addEventListener("click", () => apply(document.documentElement.dataset.theme !== "dark"));
}

makeTheme();
load().then((data) => {
  const results = unpack(data);
  const choose = makeTabs();
  const findings = findingsView(data, results, (result) => showDetail(data, result));
  const go = (changes) => { findings.set(changes); choose("findings"); byId("main").focus(); };
  overviewView(data, results, go);
  complianceView(data, go);
  rulesView(data, go);
  gapsView(data);
  document.documentElement.dataset.ready = "true";
}).catch((error) => {
  byId("overview").append(make("p", { class: "warning" }, `This browser cannot show the report: ${error.message}`));
});
