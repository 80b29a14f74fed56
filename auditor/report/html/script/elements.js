// Elements are made here and nowhere from markup, so that no text of Azure's is ever read as HTML.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const byId = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString("en");
const plural = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
const badge = (word) => make("span", { class: `badge ${word}` }, word);

function table(caption, heads, rows) {
  const head = heads.map((text) => make("th", { scope: "col", class: text.startsWith("#") ? "number" : "" }, text.replace("#", "")));
  const numeric = heads.map((text) => text.startsWith("#"));
  const body = rows.map((cells) => make("tr", {}, ...cells.map((cell, at) => make("td", { class: numeric[at] ? "number" : "" }, cell))));
  return make("table", { "aria-label": caption }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
}

function outside(link, text) {
  return make("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, text);
}
