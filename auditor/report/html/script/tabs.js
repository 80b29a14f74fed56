// Tabs by the pattern of https://www.w3.org/WAI/ARIA/apg/patterns/tabs/: one stop, arrow keys between them.
function makeTabs(tabs, chosen) {
  function select(tab, focus) {
    for (const each of tabs) {
      const own = each === tab;
      each.setAttribute("aria-selected", String(own));
      each.tabIndex = own ? 0 : -1;
      byId(each.getAttribute("aria-controls")).hidden = !own;
    }
    show(tab);
    if (focus) tab.focus();
  }
  // Not scrollIntoView: browsers start the next press of Tab there, which jumps over the link to the report.
  function show(tab) {
    const bar = tab.closest("nav") || tab.parentElement;
    const [outer, inner] = [bar.getBoundingClientRect(), tab.getBoundingClientRect()];
    if (inner.left < outer.left) bar.scrollLeft -= outer.left - inner.left;
    else if (inner.right > outer.right) bar.scrollLeft += inner.right - outer.right;
  }
  tabs.forEach((tab, at) => {
    tab.addEventListener("click", () => {
      select(tab, false);
      chosen(tab);
    });
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = tabs[(to + tabs.length) % tabs.length];
      select(next, true);
      chosen(next);
    });
  });
  return select;
}
