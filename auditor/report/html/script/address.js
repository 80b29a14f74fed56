// What is shown, in the address, so that it can be shared and the browser's Back works:
// "report.html#findings?severity=critical,high&topic=network".
function readAddress() {
  const [view, query = ""] = location.hash.slice(1).split("?");
  return { view, values: new URLSearchParams(query) };
}

function writeAddress(view, values, step) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value)).toString();
  const address = `#${view}${query ? `?${query}` : ""}`;
  if (address === location.hash) return;
  try {
    history[step ? "pushState" : "replaceState"](null, "", address);
  } catch {
    /* a page without an address of its own */
  }
}
