// Runs of before and this one: a column each for the eye, the same numbers in a table beside it.
const RUNS = 60;

function trendColumns(points, severities) {
  const most = Math.max(1, ...points.map((point) => severities.reduce((sum, word) => sum + point.fail[word], 0)));
  const made = make("div", { class: "runs", "aria-hidden": "true" });
  for (const point of points) {
    const run = make("div", { class: "run", title: point.at.slice(0, 10) });
    for (const word of severities.filter((each) => point.fail[each])) {
      const part = make("span", { class: word });
      part.style.height = `${(100 * point.fail[word]) / most}%`;
      run.append(part);
    }
    made.append(run);
  }
  return made;
}

function trendCard(data) {
  if (data.trend.length < 2) return null;
  const points = data.trend.slice(-RUNS);
  const last = points[points.length - 1];
  const dashed = (value) => (value === null ? "–" : number(value));
  const rows = [...points]
    .reverse()
    .map((point) => [
      `${point.at.slice(0, 16).replace("T", " ")}${point.complete ? "" : ", not everything read"}`,
      ...data.severities.map((word) => dash(point.fail[word])),
      dashed(point.new),
      dashed(point.mended),
      dashed(point.standing),
      point.passed_share === null ? "–" : `${point.passed_share}%`,
    ]);
  const heads = ["Read", ...data.severities, "New", "Mended", "Standing", "Passed"];
  const first = last.first_judged ? `, ${number(last.first_judged)} of rules that did not run before` : "";
  return card(
    "From run to run",
    make(
      "p",
      {},
      `Since ${points[points.length - 2].at.slice(0, 10)}: ${number(last.new)} new, ${number(last.mended)} mended, ${number(last.standing)} standing${first}.`,
    ),
    trendColumns(points, data.severities),
    make(
      "details",
      {},
      make("summary", {}, `The numbers of ${plural(points.length, "run")}`),
      table("Runs, the last one first", [heads[0], ...heads.slice(1).map((word) => `#${word}`)], rows),
    ),
  );
}
