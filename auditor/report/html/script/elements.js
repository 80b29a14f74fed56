// Elements are made here and nowhere from markup, so that no text of Azure's is ever read as HTML.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

const byId = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString("en");
const plural = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
const badge = (word) => make("span", { class: `badge ${word.replace(/\W+/g, "-")}` }, word);
const percent = (part, whole) => `${Math.floor((100 * part) / whole)}\u00a0%`;

// A button that looks like a link: it moves within the report.
const jump = (text, onclick, more = {}) => make("button", { type: "button", class: "link", onclick, ...more }, text);

function table(caption, heads, rows) {
  const head = heads.map((text) =>
    make("th", { scope: "col", class: text.startsWith("#") ? "number" : "" }, text.replace("#", "")),
  );
  const numeric = heads.map((text) => text.startsWith("#"));
  const body = rows.map((cells) =>
    make(
      "tr",
      {},
      ...cells.map((cell, at) =>
        make("td", { class: numeric[at] ? "number" : "", "data-head": heads[at].replace("#", "") }, cell),
      ),
    ),
  );
  return make(
    "table",
    { "aria-label": caption },
    make("thead", {}, make("tr", {}, ...head)),
    make("tbody", {}, ...body),
  );
}

// A table that may be wider than its place: it scrolls, with the keyboard too.
const wide = (caption, heads, rows, more = "") =>
  make(
    "div",
    { class: `wide ${more}`, tabindex: "0", role: "group", "aria-label": `${caption}, scrolls` },
    table(caption, heads, rows),
  );

const card = (title, ...parts) => make("section", { class: "card" }, make("h2", {}, title), ...parts);

function list(pairs) {
  return make(
    "dl",
    {},
    ...pairs.filter(([, value]) => value).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]),
  );
}

function outside(link, text) {
  return make("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, text);
}

// Shares of a whole, for the eye; the numbers stand beside it.
function bar(counts) {
  const total = counts.reduce((sum, [, value]) => sum + value, 0);
  const made = make("div", { class: "bar", "aria-hidden": "true" });
  for (const [word, value] of counts.filter(([, count]) => count)) {
    const part = make("span", { class: word.replace(/\W+/g, "-") });
    part.style.width = `${(100 * value) / total}%`;
    made.append(part);
  }
  return made;
}

function copyButton(text, words = "Copy", otherwise = "Select and copy") {
  const button = make(
    "button",
    {
      type: "button",
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
          button.textContent = "Copied";
        } catch {
          button.textContent = otherwise;
        }
        setTimeout(() => {
          button.textContent = words;
        }, 2000);
      },
    },
    words,
  );
  return button;
}
