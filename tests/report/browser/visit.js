// Opens an HTML report in headless Chromium as a user would, and prints what was seen as JSON.
// node visit.js <tools folder> <chromium> <report.html> <steps, with commas> [<folder for screenshots>]
const fs = require("fs");
const os = require("os");
const path = require("path");
const { pathToFileURL } = require("url");
const steps = require("./steps.js");

const [tools, executablePath, report, wanted, shots] = process.argv.slice(2);
const { chromium } = require(path.join(tools, "playwright-core"));
const axe = fs.readFileSync(path.join(tools, "axe-core", "axe.min.js"), "utf8");
const address = pathToFileURL(path.resolve(report)).href;
const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];

async function main() {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "visit-"));
  const browser = await chromium.launch({
    executablePath,
    args: ARGUMENTS,
    env: { ...process.env, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
  });
  const seen = { violations: [], console: [], requests: [] };

  // A page with everything that it says, asks for or runs into written down.
  async function open({ hash = "", ready = true, context: options = {}, before = null } = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    if (before) await context.addInitScript(before);
    const page = await context.newPage();
    page.on("console", (message) => seen.console.push(message.text()));
    page.on("pageerror", (error) => seen.console.push(String(error)));
    page.on("dialog", (dialog) => {
      seen.console.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("request", (request) => seen.requests.push(request.url()));
    await page.goto(address + hash);
    if (ready)
      await page.waitForFunction(() => document.documentElement.dataset.ready || document.querySelector("#broken"));
    return page;
  }

  // In the second theme only colours differ.
  async function barriers(page, place) {
    if (!(await page.evaluate(() => Boolean(window.axe)))) await page.evaluate(axe);
    const rules = place.endsWith("dark") ? { runOnly: ["color-contrast"] } : {};
    const found = await page.evaluate(
      (options) => window.axe.run(document, { resultTypes: ["violations"], ...options }),
      rules,
    );
    seen.violations.push(
      ...found.violations.map(({ id, nodes }) => ({
        place,
        id,
        targets: nodes.map((node) => node.target.join(" ")).slice(0, 5),
        why: nodes[0].failureSummary,
      })),
    );
    if (shots) await page.screenshot({ path: path.join(shots, `${place.replace(/\W+/g, "-")}.png`) });
  }

  try {
    for (const step of wanted.split(",")) await steps[step]({ open, barriers, seen });
  } finally {
    await browser.close();
    fs.rmSync(profile, { recursive: true, force: true });
  }
  console.log(JSON.stringify(seen));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
