// The results shown, as auditor/report/csv_report.py writes them: RFC 4180, safe to open in a spreadsheet.
const CSV_COLUMNS = [
  "severity",
  "outcome",
  "rule",
  "title",
  "message",
  "resource_name",
  "resource_type",
  "resource_group",
  "subscription",
  "subscription_id",
  "location",
  "resource_id",
  "evidence",
  "remediation",
  "topic",
  "exemption",
  "fingerprint",
  "owner",
  "environment",
  "data_class",
  "tags",
  "frameworks",
  "changed",
];
const CSV_VALUE = 120;

function csvCell(text) {
  const line = text.trim().replace(/\s*[\t\r\n]\s*/g, " ");
  // What a spreadsheet would calculate begins with an apostrophe, which makes it text.
  const safe = /^\s*[=+\-@|%\uff1d\uff0b\uff0d\uff20]/.test(line) ? `'${line}` : line;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csvText(data, results) {
  const short = (text) => (text.length > CSV_VALUE ? `${text.slice(0, CSV_VALUE - 1).trimEnd()}…` : text);
  const rows = results.map((result) => [
    result.severity,
    result.outcome,
    result.rule.id,
    result.rule.title,
    result.message,
    result.name,
    result.type,
    result.group,
    result.subscription,
    result.guid,
    result.location,
    result.id,
    evidenceOf(data, result)
      .map(([path, actual, expected]) => `${path} is ${short(actual)}, wanted ${expected}`)
      .join("; "),
    fill(result.rule.fix, result, false),
    result.rule.topic,
    result.exemption ? result.exemption[5] : "",
    result.fingerprint,
    ...result.whose,
    Object.entries(result.rule.frameworks)
      .flatMap(([framework, controls]) => controls.map((control) => `${framework} ${control}`))
      .join("; "),
    result.changed,
  ]);
  return [CSV_COLUMNS, ...rows].map((cells) => `${cells.map(csvCell).join(",")}\r\n`).join("");
}

function download(name, type, ...parts) {
  const link = make("a", {
    href: URL.createObjectURL(new Blob(parts, { type: `${type};charset=utf-8` })),
    download: name,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
