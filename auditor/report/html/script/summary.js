// The page for who answers for it all: made by auditor/report/html/leaders.py, its names lead on to findings here.
function summaryView(data, go, choose) {
  for (const place of document.querySelectorAll("#summary [data-filter]")) {
    const { filter, value } = place.dataset;
    place.replaceChildren(jump(place.textContent, () => go({ [filter]: value })));
  }
  for (const place of document.querySelectorAll("#summary [data-tab]"))
    place.replaceChildren(jump(place.textContent, () => choose(place.dataset.tab)));
  byId("summary-runs")?.append(trendColumns(data.trend.slice(-RUNS), data.severities));
  byId("print-summary").addEventListener("click", () => {
    document.documentElement.dataset.paper = "summary";
    window.print();
  });
  window.addEventListener("afterprint", () => delete document.documentElement.dataset.paper);
}
