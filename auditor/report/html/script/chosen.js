// A set of findings to take along: chosen one by one, or all that the filters show.
function makeChosen() {
  const marks = new Set();
  const listeners = [];
  const told = () => listeners.forEach((listener) => listener());
  return {
    has: (result) => marks.has(result.index),
    toggle(result) {
      if (!marks.delete(result.index)) marks.add(result.index);
      told();
    },
    clear() {
      marks.clear();
      told();
    },
    count: () => marks.size,
    of: (results, shown) => (marks.size ? results.filter((result) => marks.has(result.index)) : shown),
    onChange: (listener) => listeners.push(listener),
  };
}

// In a comment and in YAML a name is one line.
const oneLine = (text) => text.replace(/\s+/g, " ").trim();
// Words in capitals and places that no name fills are for a person to replace.
const OPEN_PLACE = /\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b|\{[a-z_]+\}/;

function scriptText(results) {
  const failed = results.filter((result) => result.outcome === "fail");
  const blocks = failed.map((result) => {
    const code = result.rule.code.find(([heading]) => heading === "Azure CLI");
    const lines = code ? fill(code[1], result, true).split("\n") : ["(the rule has no command for it)"];
    const made = lines.map((line) => (code && !OPEN_PLACE.test(line) ? line : `# needs a choice of yours: ${oneLine(line)}`));
    return [`# ${result.rule.id}: ${oneLine(result.message)}`, `# ${oneLine(result.id)}`, ...made].join("\n");
  });
  const head = "# Look at each command before you run it: `auditor fix plan` says who depends on what it changes.";
  return `${[head, ...blocks].join("\n\n")}\n`;
}

// An exemption file, with what only a person knows as words in capitals; see docs/gates.md.
function exemptionText(results) {
  const literal = (text) => text.replace(/[*?[]/g, (letter) => `[${letter}]`);
  const entries = results
    .filter((result) => result.outcome === "fail")
    .map((result) =>
      [
        `  - rule: ${result.rule.id}`,
        `    resource: ${JSON.stringify(literal(result.id))}`,
        "    reason: WHY IT IS ACCEPTED",
        "    owner: WHO ANSWERS FOR IT",
        "    expires: YYYY-MM-DD",
      ].join("\n"),
    );
  return `${["exemptions:", ...entries].join("\n")}\n`;
}
