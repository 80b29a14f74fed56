// Pictures: drawn by auditor/report/drawing, moved, enlarged and clicked here.
const ZOOM_STEP = 1.25;
const OPEN_UP_TO = 200;

function picturesView(data, go) {
  for (const holder of document.querySelectorAll("[data-picture]")) {
    const picture = data.pictures.find((each) => each.id === holder.dataset.picture);
    const canvas = holder.querySelector(".canvas");
    if (!canvas) continue; // nothing to draw: the caption says so
    const drawing = canvas.querySelector("svg");
    const zoom = makeZoom(canvas, drawing);
    const seen = new ResizeObserver(() => {
      if (canvas.clientWidth) {
        seen.disconnect();
        zoom.start();
      }
    });
    seen.observe(canvas);
    zoom.tools.append(
      make(
        "button",
        { type: "button", onclick: () => download(`${picture.id}.svg`, "image/svg+xml", standalone(drawing)) },
        "Save as SVG",
      ),
    );
    if (picture.mermaid)
      zoom.tools.append(copyButton(picture.mermaid, "Copy as Mermaid", "Copying is not allowed here"));
    canvas.before(zoom.tools);
    // From here on it is more than an image: its nodes can be chosen.
    drawing.setAttribute("role", "group");
    makeNodes(drawing, picture.parts, go);
    makeDragging(canvas);
    const same = connections(picture);
    // On a telephone a picture shows a corner of itself: what it says comes first, in words.
    same.open = window.matchMedia("(max-width: 40rem)").matches && picture.total <= OPEN_UP_TO;
    holder.append(
      make(
        "p",
        { class: "legend quiet" },
        "Dashed and red: denied or broken. Choose a resource to see its findings; arrow keys move between resources, + and − change the size.",
      ),
      same,
    );
  }
}

// The drawing as a file of its own: with this page's styles for it, in the light colours.
function standalone(drawing) {
  const copy = drawing.cloneNode(true);
  const [, , width, height] = drawing.getAttribute("viewBox").split(" ");
  for (const [name, value] of Object.entries({ xmlns: "http://www.w3.org/2000/svg", width, height, role: "img" }))
    copy.setAttribute(name, value);
  for (const node of copy.querySelectorAll(".node"))
    for (const name of ["role", "tabindex"]) node.removeAttribute(name);
  const rules = [...document.styleSheets]
    .flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => /^:root$|\.picture|^\.(critical|high|medium|low|info)/.test(rule.selectorText || ""));
  const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
  style.textContent = rules.map((rule) => rule.cssText).join("\n");
  copy.prepend(style);
  return copy.outerHTML;
}

function makeZoom(canvas, drawing) {
  const [width, height] = ["width", "height"].map((name) => Number(drawing.getAttribute(name)));
  let scale = 1;
  function set(next) {
    const middle = [
      (canvas.scrollLeft + canvas.clientWidth / 2) / scale,
      (canvas.scrollTop + canvas.clientHeight / 2) / scale,
    ];
    scale = Math.max(0.1, Math.min(4, next));
    drawing.setAttribute("width", width * scale);
    drawing.setAttribute("height", height * scale);
    canvas.scrollLeft = middle[0] * scale - canvas.clientWidth / 2;
    canvas.scrollTop = middle[1] * scale - canvas.clientHeight / 2;
  }
  const fit = () => set(Math.min(1, (canvas.clientWidth - 4) / width, (canvas.clientHeight - 4) / height));
  // As wide as the window where it stays readable, the first resource in view.
  function start() {
    set(Math.max(0.7, Math.min(1, (canvas.clientWidth - 4) / width)));
    const first = drawing.querySelector(".node rect");
    canvas.scrollTop = Number(first.getAttribute("y")) * scale - 40;
    canvas.scrollLeft = 0;
  }
  const button = (text, name, onclick) => make("button", { type: "button", "aria-label": name, onclick }, text);
  canvas.addEventListener("keydown", (event) => {
    const to = { "+": scale * ZOOM_STEP, "=": scale * ZOOM_STEP, "-": scale / ZOOM_STEP, 1: 1 }[event.key];
    if (event.ctrlKey || event.metaKey) return;
    if (to) {
      event.preventDefault();
      set(to);
    }
    if (event.key === "0") {
      event.preventDefault();
      fit();
    }
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      set(scale * (event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP));
    },
    { passive: false },
  );
  return {
    start,
    tools: make(
      "div",
      { class: "zoom" },
      button("−", "Smaller", () => set(scale / ZOOM_STEP)),
      button("+", "Larger", () => set(scale * ZOOM_STEP)),
      button("1:1", "1:1, full size", () => set(1)),
      button("Fit", "Fit the window", fit),
    ),
  };
}

function makeNodes(drawing, parts, go) {
  const nodes = [...drawing.querySelectorAll(".node")];
  const place = (node) => {
    const [x, y] = ["x", "y"].map((name) => Number(node.querySelector("rect").getAttribute(name)));
    return { x, y };
  };
  const places = new Map(nodes.map((node) => [node, place(node)]));
  function chosen(node) {
    const { id } = node.dataset;
    if (id.startsWith("/")) go({ resource: [id, ...(parts[id] || [])].join("\n"), outcome: "" });
  }
  function nearest(from, [dx, dy]) {
    const here = places.get(from);
    let best = null;
    for (const [node, { x, y }] of places) {
      const [along, across] = dx
        ? [(x - here.x) * dx, Math.abs(y - here.y)]
        : [(y - here.y) * dy, Math.abs(x - here.x) * 8];
      if (along > 0 && (!best || along + across * 2 < best.cost)) best = { node, cost: along + across * 2 };
    }
    return best?.node;
  }
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  nodes.forEach((node, at) => {
    const link = node.dataset.id.startsWith("/");
    node.setAttribute("role", link ? "button" : "img");
    node.setAttribute("tabindex", at ? "-1" : "0");
    if (link) node.classList.add("chosen-by-click");
    node.addEventListener("click", () => chosen(node));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        chosen(node);
      }
      const next = ways[event.key] && nearest(node, ways[event.key]);
      if (ways[event.key]) event.preventDefault();
      if (!next) return;
      node.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
      next.scrollIntoView({ block: "nearest", inline: "nearest" });
    });
  });
}

// Drag to move. A click stays a click, the end of a drag is none.
function makeDragging(canvas) {
  let from = null;
  let dragged = false;
  canvas.addEventListener("pointerdown", (event) => {
    dragged = false;
    if (event.pointerType === "mouse" && event.button === 0)
      from = { x: event.clientX, y: event.clientY, left: canvas.scrollLeft, top: canvas.scrollTop };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!from || !event.buttons) {
      from = null;
      return;
    }
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    if (Math.abs(dx) + Math.abs(dy) > 6) dragged = true;
    canvas.scrollLeft = from.left - dx;
    canvas.scrollTop = from.top - dy;
  });
  canvas.addEventListener("pointerup", () => {
    from = null;
  });
  canvas.addEventListener(
    "click",
    (event) => {
      if (dragged) event.stopPropagation();
      dragged = false;
    },
    true,
  );
}

function connections(picture) {
  const words = ([label, detail]) => (detail && detail !== label ? `${label} (${detail})` : label);
  const details = make(
    "details",
    {},
    make("summary", {}, `The same as a table: ${plural(picture.total, "connection")}`),
  );
  details.addEventListener("toggle", () => {
    if (!details.open || details.querySelector("table")) return;
    const brokenFirst = [...picture.edges].sort((a, b) => b[2] - a[2]);
    const rows = brokenFirst.map(([from, label, broken, to]) => [
      words(from),
      label || "leads to",
      words(to),
      broken ? "denied or broken" : "–",
    ]);
    if (picture.total > picture.edges.length)
      details.append(
        make(
          "p",
          { class: "quiet" },
          `The first ${number(picture.edges.length)} of ${number(picture.total)}, broken ones first.`,
        ),
      );
    details.append(wide("Connections", ["From", "How", "To", "State"], rows, "stack"));
  });
  return details;
}
