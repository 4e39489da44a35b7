// Debian's chromium, and pages that remember everything they complain about.

import { chromium } from "playwright-core";

const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"];

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS });
}

/** A page of its own context; `page.complaints` collects console errors, exceptions and failed answers. */
export async function open(browser, base, { theme, width = 1440, height = 1000, javaScript = true } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    javaScriptEnabled: javaScript,
    colorScheme: "light",
    reducedMotion: "reduce",
  });
  if (theme) await context.addCookies([{ name: "stillpoint_theme", value: theme, url: base }]);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.complaints = [];
  const complain = (text) => page.complaints.push(text);
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && complain(`console ${m.type()}: ${m.text()}`));
  page.on("pageerror", (e) => complain(`exception: ${e.message}`));
  page.on("response", (r) => r.status() >= 400 && complain(`${r.status()} ${r.url()}`));
  return page;
}

/** Goes there and waits for the marker that hydration sets. */
export async function visit(page, url) {
  const answer = await page.goto(url, { waitUntil: "domcontentloaded" });
  await page.waitForSelector("body[data-hydrated]", { state: "attached" });
  await page.evaluate(() => document.fonts.ready);
  return answer;
}
