// What a visitor does in a report. Each step takes { open, barriers, seen } and writes down what was there.
const { readFileSync } = require("fs");

const TABS = ["overview", "summary", "findings", "pictures", "compliance", "rules", "gaps"];
const status = (page) => page.locator("#findings .results [role=status]").innerText();
const hashOf = (page) => page.evaluate(() => location.hash);
// Waits for what must come true; where it does not, what is read afterwards says so.
const settled = (page, condition) => page.waitForFunction(condition, null, { timeout: 5_000 }).catch(() => {});
const active = (page) => page.evaluate(() => document.activeElement.outerHTML.slice(0, 200));

async function walk({ open, barriers, seen }) {
  for (const theme of ["light", "dark"]) {
    const page = await open({ context: { colorScheme: theme } });
    await page.evaluate(() =>
      document.querySelectorAll("details").forEach((each) => {
        each.open = true;
      }),
    );
    for (const tab of TABS) {
      await page.click(`#tab-${tab}`);
      await barriers(page, `${tab}, ${theme}`);
      seen[tab] = await page.locator(`#${tab}`).innerText();
    }
    await page.click("#tab-compliance");
    for (const toggle of await page.locator('#compliance button:has-text("not covered")').all()) await toggle.click();
    await barriers(page, `compliance with what is not covered, ${theme}`);
    seen.uncovered = await page.locator("#compliance").innerText();
    await page.click("#help-open");
    await barriers(page, `help, ${theme}`);
    await page.keyboard.press("Escape");
    await page.click("#tab-findings");
    if (await page.locator(".space .row").count()) {
      await page.locator('.space .row[aria-rowindex="3"]').click();
      seen.detail = await page.locator("#detail").innerText();
      await barriers(page, `detail, ${theme}`);
    }
    await page.context().close();
  }
}

// One theme, one look: for reports whose other parts are like those that were walked.
async function glance({ open, barriers, seen }) {
  const page = await open();
  seen.scripts = await page.locator("script").count();
  seen.overview = await page.locator("#overview").innerText();
  await page.click("#tab-pictures");
  seen.pictures = await page.locator("#pictures").textContent();
  seen.clipped = await clipped(page);
  seen.elements = await page.evaluate(() => [
    ...new Set([...document.querySelectorAll("svg *")].map((each) => each.tagName)),
  ]);
  await barriers(page, "pictures, light");
  await page.click("#tab-findings");
  await barriers(page, "findings, light");
  await page.context().close();
}

// Text of a picture that leaves its box, and labels that lie over a box.
const clipped = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("svg.picture")].flatMap((drawing) => {
      const boxes = [...drawing.querySelectorAll(".node")].map((node) =>
        node.querySelector("rect").getBoundingClientRect(),
      );
      const inside = [...drawing.querySelectorAll(".node text")].filter((text) => {
        const [box, own] = [
          text.parentNode.querySelector("rect").getBoundingClientRect(),
          text.getBoundingClientRect(),
        ];
        return (
          own.width && (own.left < box.left || own.right > box.right || own.top < box.top || own.bottom > box.bottom)
        );
      });
      const over = [...drawing.querySelectorAll(".edge-label")].filter((text) => {
        const own = text.getBoundingClientRect();
        return boxes.some(
          (box) => own.left < box.right && own.right > box.left && own.top < box.bottom && own.bottom > box.top,
        );
      });
      return [...inside, ...over].map((text) => text.textContent.slice(0, 80));
    }),
  );

async function reach(page, selector) {
  for (let presses = 0; presses < 80; presses += 1) {
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never came to ${selector}`);
}

// On a telephone: no page that scrolls sideways, no barrier that only a narrow page has.
async function narrow({ open, barriers, seen }) {
  const page = await open({ context: { viewport: { width: 390, height: 800 } } });
  seen.sideways = [];
  for (const tab of TABS) {
    await page.click(`#tab-${tab}`);
    if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)) seen.sideways.push(tab);
  }
  await page.click("#tab-findings");
  await page.locator(".space .row").first().click();
  await barriers(page, "detail, narrow");
  await page.context().close();
}

async function keyboard({ open, seen }) {
  const page = await open();
  const keys = {};
  await page.keyboard.press("Tab");
  keys.first = await active(page);
  await page.keyboard.press("/");
  await page.keyboard.type("contoso0");
  keys.searched = await status(page);
  await reach(page, ".space .row");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  keys.opened = await page.locator("#detail .message").innerText();
  await page.keyboard.press("j");
  keys.next = await page.locator("#detail .message").innerText();
  await page.keyboard.press("Escape");
  keys.closed = !(await page.locator("#detail").isVisible());
  // The dialog gives focus back to where it came from; its close event, a task later, moves it on.
  await settled(page, () => document.activeElement.matches('[aria-rowindex="4"]'));
  keys.back = await page.evaluate(() => document.activeElement.getAttribute("aria-rowindex"));
  await page.keyboard.press("?");
  keys.help = await page.locator("#help").innerText();
  await page.keyboard.press("Escape");
  await page.locator("#tab-findings").focus();
  await page.keyboard.press("ArrowRight");
  keys.tab = await page.locator("[role=tab][aria-selected=true]").first().innerText();
  await reach(page, "#picture-key-chains .node");
  await page.keyboard.press("ArrowRight");
  keys.node = await page.evaluate(() => document.activeElement.querySelector("title").textContent);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  keys.chip = await page.locator(".chip").innerText();
  keys.chosen = await status(page);
  seen.keyboard = keys;
  await page.context().close();
}

// Every filter set to every value that it offers: how many results it then shows.
async function filters({ open, seen }) {
  const page = await open({ hash: "#findings" });
  seen.filters = await page.evaluate(() => {
    const shown = () => document.querySelector("#findings .results [role=status]").textContent.split(" of ")[0];
    const clear = () =>
      [...document.querySelectorAll("#findings button")].find((each) => each.textContent === "Clear").click();
    const found = {};
    for (const label of document.querySelectorAll("#findings label")) {
      const select = label.querySelector("select");
      if (!select) continue;
      if (label.firstChild.textContent === "Control") continue;
      for (const { value } of [...select.options]) {
        clear();
        select.value = value;
        select.dispatchEvent(new Event("change"));
        found[`${label.firstChild.textContent}: ${value}`] = shown();
        if (label.firstChild.textContent !== "Framework") continue;
        const controls = select.closest(".filters").querySelector("label:last-child select");
        for (const control of [...controls.options].slice(1)) {
          controls.value = control.value;
          controls.dispatchEvent(new Event("change"));
          found[`Control: ${value} ${control.value}`] = shown();
        }
      }
    }
    clear();
    for (const toggle of document.querySelectorAll(".toggles button")) {
      toggle.click();
      found[`Severity: ${toggle.textContent}`] = shown();
      toggle.click();
    }
    return found;
  });
  await page.selectOption('#findings label:has-text("Outcome") select', "unknown");
  await page.locator(".space .row").first().click();
  seen.unknown = await page.locator("#detail").innerText();
  await page.keyboard.press("Escape");
  await page.selectOption('#findings label:has-text("Outcome") select', "fail");
  await page.click('.row.head button:text-is("Resource")');
  seen.sorted = await page.locator(".space .row .name").allInnerTexts();
  await page.context().close();
}

async function speed({ open, seen }) {
  const begun = Date.now();
  const page = await open({ hash: "#findings" });
  seen.readyMs = Date.now() - begun;
  seen.unfiltered = await status(page);
  seen.filterMs = await page.evaluate(async () => {
    const input = document.querySelector("#findings input");
    const took = [];
    for (const words of ["r", "re", "res", "resource0001", "st", "nothing like this", ""]) {
      const begun = performance.now();
      input.value = words;
      input.dispatchEvent(new Event("input"));
      document.querySelector(".space").getBoundingClientRect(); // what the browser must lay out is part of it
      took.push(Math.round(performance.now() - begun));
    }
    return took;
  });
  await page.evaluate(() => {
    document.querySelector(".scroll").scrollTop = 1e9;
  });
  await page.waitForFunction(() => !document.querySelector('.space .row[aria-rowindex="2"]'));
  seen.rowsInPage = await page.locator(".space .row").count();
  seen.lastRow = await page.locator(".space .row").last().getAttribute("aria-rowindex");
  await page.context().close();
}

// What one visitor has set is what another finds behind the copied link.
async function share({ open, seen }) {
  const page = await open();
  await page.click(".cards .high");
  await page.fill("#findings input", "contoso");
  await page.click('.row.head button:text-is("Resource")');
  await page.locator('.space .row[aria-rowindex="4"]').click();
  const hash = await hashOf(page);
  const look = async (where) => ({
    status: await status(where),
    detail: await where.locator("#detail .message").innerText(),
    rows: await where.locator(".space .row .name").allInnerTexts(),
  });
  seen.shared = { hash, here: await look(page) };
  const other = await open({ hash });
  seen.shared.there = await look(other);
  await page.keyboard.press("Escape");
  await page.goBack();
  await settled(page, () => document.querySelector("#tab-overview[aria-selected=true]"));
  seen.shared.back = await page.locator("[role=tab][aria-selected=true]").first().innerText();
  const odd = await open({ hash: "#findings?topic=gone&severity=awful&sort=__proto__&finding=none&framework=%3Cb%3E" });
  seen.shared.odd = await status(odd);
  for (const each of [page, other, odd]) await each.context().close();
}

async function csv({ open, seen }) {
  const page = await open({ hash: "#findings?outcome=all" });
  const [download] = await Promise.all([page.waitForEvent("download"), page.click('button:text-is("Save as CSV")')]);
  seen.csv = readFileSync(await download.path(), "utf8");
  await page.context().close();
}

async function chosen({ open, seen }) {
  const page = await open({
    hash: "#findings",
    context: { permissions: ["clipboard-read", "clipboard-write"] },
  });
  const saved = async (words) => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.click(`#findings button:text-is("${words}")`),
    ]);
    return readFileSync(await download.path(), "utf8");
  };
  const first = page.locator(".space .row").first();
  await first.focus();
  await page.keyboard.press("x");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.click('#detail button:text-is("Choose")');
  const pressed = await page.getAttribute("#detail .choose", "aria-pressed");
  await page.keyboard.press("Escape");
  seen.chosen = { status: await status(page), pressed };
  seen.chosen.rows = await page.locator('.space .row[aria-selected="true"]').count();
  seen.chosen.csv = await saved("Save as CSV");
  seen.chosen.exemptions = await saved("Save exemptions");
  seen.chosen.script = await saved("Save script");
  await page.click('#findings button:text-is("Copy commands")');
  seen.chosen.commands = await page.evaluate(() => navigator.clipboard.readText());
  await page.click('#findings button:text-is("Choose none")');
  seen.chosen.none = await status(page);
  await page.context().close();
}

async function gate({ open, seen }) {
  const page = await open();
  await page.click('#overview button:text-is("Show what fails it")');
  seen.gate = { status: await status(page), hash: await hashOf(page) };
  await page.selectOption('#findings label:has-text("Gate") select', "new");
  seen.gate.new = await status(page);
  await page.context().close();
}

async function drawings({ open, seen }) {
  const page = await open({
    hash: "#pictures",
    context: { colorScheme: "dark", permissions: ["clipboard-read", "clipboard-write"] },
  });
  const first = page.locator("[data-picture]").first();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    first.locator('button:text-is("Save as SVG")').click(),
  ]);
  await first.locator('button:text-is("Copy as Mermaid")').click();
  await settled(page, () => document.querySelector("[data-picture] .zoom").textContent.includes("Copied"));
  seen.drawings = {
    name: download.suggestedFilename(),
    svg: readFileSync(await download.path(), "utf8"),
    mermaid: await page.evaluate(() => navigator.clipboard.readText()),
  };
  await page.context().close();
}

async function print({ open, seen }) {
  const page = await open({ context: { colorScheme: "dark" } });
  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
  seen.print = {
    rows: await page.locator("#print tbody tr").count(),
    grid: await page.locator(".grid").isVisible(),
    rules: await page.locator("#rules").isVisible(),
    ground: await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
  };
  await page.context().close();
}

async function plain({ open, seen }) {
  const page = await open({ ready: false, context: { javaScriptEnabled: false } });
  seen.plain = { text: await page.locator("body").innerText(), drawn: await page.locator("svg.picture").count() };
  await page.context().close();
}

async function old({ open, seen }) {
  const page = await open({
    before: () => {
      delete window.DecompressionStream;
    },
  });
  seen.old = await page.locator("#overview").innerText();
  await page.context().close();
}

// The page for who answers for it all: on one sheet of paper, and its names lead to their findings.
async function sheet({ open, seen }) {
  const page = await open({ hash: "#summary" });
  seen.sheet = {
    text: await page.locator("#summary").innerText(),
    runs: await page.locator("#summary .run").count(),
  };
  await page.evaluate(() => {
    window.print = () => {
      window.printed = document.documentElement.dataset.paper;
    };
  });
  await page.click("#print-summary");
  seen.sheet.printed = await page.evaluate(() => window.printed);
  const paper = await page.pdf({ preferCSSPageSize: true });
  seen.sheet.pages = (paper.toString("latin1").match(/\/Type\s*\/Page\b/g) || []).length;
  seen.sheet.led = {};
  for (const kind of ["owner", "subscription", "rule"]) {
    await page.click("#tab-summary");
    await page.locator(`#summary [data-filter="${kind}"] button`).first().click();
    seen.sheet.led[kind] = [await hashOf(page), await status(page)];
  }
  await page.context().close();
}

module.exports = { sheet, chosen, gate, drawings, narrow, walk, glance, keyboard, filters, speed, share, csv, print, plain, old };
