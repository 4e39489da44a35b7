// The report of the golden month in a real browser: `node golden.mjs BASE_URL OUT_DIR GOLDEN_DIR`. The tests of the report wrote the month as page,
// table and JSON into GOLDEN_DIR; here the page is printed, and its figures are compared with the other two to the digit. BASE_URL serves the type face.
// The last line is `N passed, N failed`; the exit code is 1 when anything failed.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { open } from "./browser.mjs";
import { accessible, must, notSideways, quiet, suite } from "./checks.mjs";

const [given, out, golden] = process.argv.slice(2);
if (!golden || !out || !given) {
  console.error("usage: node golden.mjs BASE_URL OUT_DIR GOLDEN_DIR");
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const base = given.replace(/\/$/, "");
const html = readFileSync(join(golden, "report.html"), "utf8");
const table = readFileSync(join(golden, "report.csv"), "utf8");
const told = JSON.parse(readFileSync(join(golden, "report.json"), "utf8"));
const { check, browser, end } = await suite();

/** The page as a server would send it, so that its fonts are found. */
async function shown(options, body) {
  const page = await open(browser(), base, { login: null, ...options });
  await page.emulateMedia({ colorScheme: options.theme ?? "light" });
  await page.route(`${base}/golden.html`, (route) => route.fulfill({ contentType: "text/html; charset=utf-8", body: html }));
  try {
    await page.goto(`${base}/golden.html`);
    await page.evaluate(() => document.fonts.ready);
    await body(page);
  } finally {
    await page.context().close();
  }
}

/** Text as it is read: one space between words. */
const flat = (text) => text.replace(/\s+/g, " ");

/** A record of the table by section, item and, where given, replica: 12 cells. None of those that are looked for is quoted. */
function record(section, item, replica = null) {
  const rows = table.split("\r\n").map((line) => line.split(","));
  const found = rows.filter((cells) => cells[0] === section && cells[1] === item && (replica === null || cells[3] === replica));
  must(found.length === 1, `${found.length} records of ${section} ${item}`);
  return found[0];
}

/** What has to be read, word for word, on whatever the page becomes. */
function expected() {
  const { raw, contract, worst, longest_gap: gap } = told;
  for (const [item, ratio] of [["raw", raw], ["contract", contract], ["worst_raw", worst.raw]]) {
    const cells = record("figure", item);
    must(cells[5] === String(ratio.met) && cells[6] === String(ratio.of) && cells[7] === ratio.pct, `${item}: ${cells} is not ${JSON.stringify(ratio)}`);
  }
  const cells = record("figure", "longest_gap_secs");
  must(cells[9] === String(gap.secs) && cells[10] === `${gap.from} to ${gap.to}` && cells[3] === gap.replica, `the gap: ${cells}`);
  // Over the change of clocks: three days on the wall, and an hour more.
  must(gap.secs === 3 * 86_400 + 3_600 && gap.from.endsWith("+02:00") && gap.to.endsWith("+01:00"), JSON.stringify(gap));
  must([raw.pct, contract.pct, worst.raw.pct].join() === "89.79,93.61,86.66", "not the month that was counted by hand");
  const lost = record("target", "days_lost")[9];
  must(lost === String(told.target.days_lost), `${lost} days lost`);
  return [
    `${contract.pct} % ${contract.met} of ${contract.of} days`,
    `${raw.pct} % ${raw.met} of ${raw.of} days`,
    `${worst.replica}, raw ${worst.raw.pct} % (${worst.raw.met} of ${worst.raw.of} days)`,
    `${gap.replica}, 3 d 1 h (${gap.secs} s), from ${gap.from} to ${gap.to}.`,
    `${lost} days lost, ${told.target.days_allowed} allowed`,
    ...told.days.flatMap((day) => [day.story, day.next]),
    ...told.corrections.map((one) => one.reason),
  ];
}

await check("the printed page says what table and JSON say, to the digit", () =>
  shown({}, async (page) => {
    await page.emulateMedia({ media: "print" });
    const text = flat(await page.locator("body").innerText());
    for (const words of expected()) must(text.includes(flat(words)), `not on the page: ${words}`);
    must(await page.locator(".screen").evaluateAll((all) => all.every((one) => getComputedStyle(one).display === "none")), "what is for the screen is printed");
    await page.screenshot({ path: join(out, "print.png"), fullPage: true });
    quiet(page);
  }));

await check("the PDF has the same words on A4 pages", () =>
  shown({}, async (page) => {
    const path = join(out, "report.pdf");
    await page.pdf({ path, preferCSSPageSize: true });
    const info = execFileSync("pdfinfo", [path], { encoding: "utf8" });
    must(/Page size:\s+59[45][.\d]* x 84[12][.\d]* pts/.test(info), info);
    // A line may end after a hyphen, which is then told or not: letters and digits have to be there in their order.
    const bare = (words) => words.replace(/[\s\u00ad-]+/g, "");
    const text = execFileSync("pdftotext", ["-raw", path, "-"], { encoding: "utf8" });
    for (const words of expected()) must(bare(text).includes(bare(words)), `not in the PDF: ${words}\n${text}`);
    const fonts = execFileSync("pdffonts", [path], { encoding: "utf8" }).trim().split("\n").slice(2);
    must(fonts.length > 0 && fonts.every((line) => / yes (yes|no)\s+yes /.test(line)), `a font is not in the file: ${fonts}`);
    quiet(page);
  }));

for (const [theme, width] of [["light", 1120], ["dark", 1120], ["light", 390], ["dark", 390]]) {
  await check(`it is accessible, quiet and not too wide, ${theme} at ${width} px`, () =>
    shown({ theme, width }, async (page) => {
      await page.screenshot({ path: join(out, `${theme}-${width}.png`), fullPage: true });
      await accessible(page);
      await notSideways(page);
      must((await page.evaluate(() => document.fonts.check('13px "Inter"'))) === true, "the type is not there");
      quiet(page);
    }));
}

await end();
