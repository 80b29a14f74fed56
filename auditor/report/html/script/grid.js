// A grid that holds only the rows in view: 20,000 findings scroll like twenty.
const SPARE = 8;

function makeGrid(columns, open, chosen, sort) {
  const space = make("div", { class: "space", role: "rowgroup" });
  const scroll = make("div", { class: "scroll", role: "presentation" }, space);
  const heads = columns.map((column) =>
    make(
      "span",
      { role: "columnheader", class: column.key },
      make("button", { type: "button", onclick: () => sort(column.key) }, column.title),
    ),
  );
  const head = make("div", { class: "row head", role: "row", "aria-rowindex": "1" }, ...heads);
  const element = make(
    "div",
    { class: "grid", role: "grid", "aria-label": "Findings", "aria-readonly": "true", "aria-multiselectable": "true" },
    make("div", { role: "rowgroup" }, head),
    scroll,
  );
  let items = [];
  let active = 0;
  let height = 40;
  const drawn = new Map();

  function row(at) {
    const cells = columns.map((column) => {
      const shown = column.show(items[at]);
      return make(
        "span",
        { role: "gridcell", class: column.key, title: typeof shown === "string" ? shown : undefined },
        shown,
      );
    });
    const made = make(
      "div",
      {
        class: "row",
        role: "row",
        "aria-rowindex": String(at + 2),
        "aria-selected": String(chosen.has(items[at])),
        tabindex: at === active ? "0" : "-1",
      },
      ...cells,
    );
    made.style.top = `${at * height}px`;
    made.addEventListener("click", () => {
      active = at;
      mark();
      open(at);
    });
    return made;
  }

  function mark() {
    for (const [at, made] of drawn) made.tabIndex = at === active ? 0 : -1;
  }

  function draw() {
    const first = Math.max(0, Math.floor(scroll.scrollTop / height) - SPARE);
    const last = Math.min(items.length, Math.ceil((scroll.scrollTop + scroll.clientHeight) / height) + SPARE);
    for (const [at, made] of drawn) {
      if ((at < first || at >= last) && made !== document.activeElement) {
        made.remove();
        drawn.delete(at);
      }
    }
    for (let at = first; at < last; at += 1) {
      if (!drawn.has(at)) {
        const made = row(at);
        drawn.set(at, made);
        space.append(made);
      }
    }
    if (items.length && last > first && !drawn.has(active)) {
      active = Math.min(first + SPARE, last - 1);
      mark();
    }
  }

  function clear() {
    for (const made of drawn.values()) made.remove();
    drawn.clear();
    space.style.height = `${Math.max(items.length * height, 1)}px`;
  }

  function go(to, focus = true) {
    active = Math.max(0, Math.min(items.length - 1, to));
    const top = active * height;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (top + height > scroll.scrollTop + scroll.clientHeight)
      scroll.scrollTop = top + height - scroll.clientHeight;
    draw();
    mark();
    if (focus) drawn.get(active)?.focus({ preventScroll: true });
  }

  space.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(scroll.clientHeight / height) - 1);
    const steps = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: items.length - 1,
    };
    if (event.key in steps) {
      event.preventDefault();
      go(steps[event.key]);
    }
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      open(active);
    }
    if (event.key === "x" && !event.ctrlKey && !event.metaKey && !event.altKey) chosen.toggle(items[active]);
  });
  scroll.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(() => {
    // A narrow window shows each row on two lines.
    const wanted = Number.parseFloat(getComputedStyle(element).getPropertyValue("--row")) || 40;
    if (wanted !== height) {
      height = wanted;
      clear();
    }
    draw();
  }).observe(scroll);

  function show(next, sorted, rising) {
    items = next;
    active = 0;
    clear();
    element.setAttribute("aria-rowcount", String(items.length + 1));
    heads.forEach((cell, at) =>
      cell.setAttribute("aria-sort", columns[at].key !== sorted ? "none" : rising ? "ascending" : "descending"),
    );
    scroll.scrollTop = 0;
    draw();
  }
  // After a choice the rows in view are made anew, and the keyboard stays where it was.
  function redraw() {
    const focused = space.contains(document.activeElement);
    clear();
    draw();
    if (focused) drawn.get(active)?.focus({ preventScroll: true });
  }
  return { element, show, go, redraw };
}
