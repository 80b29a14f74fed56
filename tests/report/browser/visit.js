// Opens an HTML report in headless Chromium as a user would, and prints what it saw as JSON.
// node visit.js <tools folder> <chromium> <report.html> [<folder for screenshots>]
const path = require("path");
const { readFileSync } = require("fs");
const { pathToFileURL } = require("url");

const [tools, executablePath, report, shots] = process.argv.slice(2);
const { chromium } = require(path.join(tools, "playwright-core"));
const axe = readFileSync(path.join(tools, "axe-core", "axe.min.js"), "utf8");
const TABS = ["overview", "findings", "compliance", "rules", "gaps"];

async function violations(page, place) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map(({ id, nodes }) => ({ place, id, targets: nodes.map((node) => node.target.join(" ")).slice(0, 5), why: nodes[0].failureSummary }));
}

async function walk(page, seen, theme) {
  for (const tab of TABS) {
    await page.click(`#tab-${tab}`);
    if (tab === "compliance") await page.evaluate(() => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
    seen.violations.push(...await violations(page, `${tab}, ${theme}`));
    if (shots) await page.screenshot({ path: path.join(shots, `${theme}-${tab}.png`) });
  }
}

async function openDetail(page, seen, theme) {
  await page.click("#tab-findings");
  const rows = await page.locator(".space .row").count();
  if (!rows) return;
  await page.locator('.space .row[aria-rowindex="2"]').focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  seen.detail = await page.locator("#detail").innerText();
  seen.violations.push(...await violations(page, `detail, ${theme}`));
  if (shots) await page.screenshot({ path: path.join(shots, `${theme}-detail.png`) });
  await page.keyboard.press("Escape");
  seen.closed = !(await page.locator("#detail").isVisible());
}

async function filter(page, seen) {
  await page.click("#tab-findings");
  seen.unfiltered = await page.locator("#findings [role=status]").innerText();
  seen.filterMs = await page.evaluate(async () => {
    const input = document.querySelector("#findings input");
    const worst = [];
    for (const words of ["r", "re", "res", "resource0001", "st", "nothing like this", ""]) {
      const begun = performance.now();
      input.value = words;
      input.dispatchEvent(new Event("input"));
      await new Promise(requestAnimationFrame);
      worst.push(performance.now() - begun);
    }
    return Math.max(...worst);
  });
  await page.fill("#findings input", "contoso03");
  seen.filtered = await page.locator("#findings [role=status]").innerText();
  await page.fill("#findings input", "");
  await page.evaluate(() => { document.querySelector(".scroll").scrollTop = 1e9; });
  await page.waitForTimeout(100);
  seen.rowsInPage = await page.locator(".space .row").count();
  if (seen.rowsInPage) seen.lastRow = await page.locator(".space .row").last().getAttribute("aria-rowindex");
}

async function main() {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const seen = { violations: [], console: [], requests: [] };
  for (const theme of ["light", "dark"]) {
    const page = await browser.newPage({ colorScheme: theme, viewport: { width: 1280, height: 900 } });
    page.on("console", (message) => seen.console.push(message.text()));
    page.on("pageerror", (error) => seen.console.push(String(error)));
    page.on("dialog", (dialog) => { seen.console.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on("request", (request) => seen.requests.push(request.url()));
    const begun = Date.now();
    await page.goto(pathToFileURL(path.resolve(report)).href);
    await page.waitForFunction(() => document.documentElement.dataset.ready || document.querySelector("#overview .warning"));
    seen.readyMs = Date.now() - begun;
    seen.scripts = await page.locator("script").count();
    seen.overview = await page.locator("#overview").innerText();
    await walk(page, seen, theme);
    await openDetail(page, seen, theme);
    if (theme === "light") await filter(page, seen);
    await page.close();
  }
  await browser.close();
  console.log(JSON.stringify(seen));
}

main().catch((error) => { console.error(error); process.exit(1); });
