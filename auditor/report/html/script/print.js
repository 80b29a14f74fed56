// On paper every part is shown, and the findings that are filtered for as a plain table: the grid holds only rows in view.
const PRINTED = 1_000;

function makePrint(data, shown) {
  window.addEventListener("beforeprint", () => {
    const results = shown();
    const rows = results
      .slice(0, PRINTED)
      .map((result) => [
        badge(result.outcome === "fail" ? result.severity : result.outcome),
        result.message,
        result.id,
      ]);
    const more =
      results.length > PRINTED
        ? make(
            "p",
            {},
            `The first ${number(PRINTED)} of ${number(results.length)}: filter before printing, or save as CSV.`,
          )
        : null;
    byId("print").replaceChildren(
      make("h2", {}, plural(results.length, "result")),
      more || "",
      table("Results", ["Severity", "What is wrong", "Resource"], rows),
    );
  });
  window.addEventListener("afterprint", () => byId("print").replaceChildren());
}
