// The screens in a real browser: `node screens.mjs BASE_URL OUT_DIR`. Both themes, desk and phone: hydrated without a
// complaint, no axe violation, no sideways scroll; usable by keyboard and without JavaScript. Screenshots go to OUT_DIR.
// The last line is `N passed, N failed`; the exit code is 1 when anything failed.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { open, visit } from "./browser.mjs";
import { accessible, must, notSideways, quiet, suite } from "./checks.mjs";

const [base, out] = process.argv.slice(2).map((a, i) => (i === 0 ? a.replace(/\/$/, "") : a));
if (!base || !out) {
  console.error("usage: node screens.mjs BASE_URL OUT_DIR");
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const nobody = "00000000-0000-4000-8000-000000000000";
const { check, browser, end } = await suite();

/** Real addresses for the screens that need an id. */
async function addresses() {
  const page = await open(browser(), base);
  const first = async (path, selector) => {
    await visit(page, base + path);
    const link = page.locator(selector).first();
    return (await link.count()) ? link.getAttribute("href") : null;
  };
  const replica = (await first("/replicas?show=waiting", "td.first a")) ?? (await first("/replicas", "td.first a"));
  const point = await first("/points", 'td a[href^="/points/"]');
  const day = replica && (await first(replica, 'a[href*="/days/"]'));
  await page.context().close();
  return { replica, point, day };
}

let screens = [];
await check("there is a replica and a restore point to look at", async () => {
  const { replica, point, day } = await addresses();
  must(replica, "no replica is listed on /replicas");
  must(point, "no restore point is listed on /points");
  must(day, "the replica's screen leads to no day");
  screens = [
    ["night", "/", "Why replicas wait"],
    ["replicas", "/replicas", "28 days"],
    ["replica", replica, "May it be backed up now?"],
    ["point", point, "What was checked"],
    ["points", "/points", "Proof"],
    ["attempts", "/attempts", "Reason and measure"],
    ["day", day, "What became of it"],
    ["sla", "/sla", "Day by day"],
    ["policies", "/policies", "Who has which"],
    ["policy", "/policies?edit=standard", "Applies held back at most"],
    ["holds", "/holds", "In force"],
    ["activity", "/activity", "By hand"],
    ["tenants", "/tenants", "whose rule claims it"],
    ["findings", "/findings", "To look at"],
  ];
});

for (const theme of ["light", "dark"]) {
  for (const [size, width, height] of [["desk", 1440, 1000], ["phone", 390, 844]]) {
    for (const [name, path] of screens) {
      await check(`${name}, ${theme}, ${size}: hydrated in peace, accessible, not sideways`, async () => {
        const page = await open(browser(), base, { theme, width, height });
        const answer = await visit(page, base + path);
        must(answer.status() === 200, `status ${answer.status()}`);
        must((await page.getAttribute("html", "data-theme")) === theme, "the server rendered another theme");
        await page.screenshot({ path: join(out, `${name}-${theme}-${size}.png`), fullPage: size === "phone" });
        await notSideways(page);
        await accessible(page);
        quiet(page);
        await page.context().close();
      });
    }
  }
}

for (const [name, path, text] of screens) {
  await check(`${name} without JavaScript shows its content`, async () => {
    const page = await open(browser(), base, { javaScript: false });
    await page.goto(base + path);
    must(await page.getByText(text).first().isVisible(), `“${text}” is not visible`);
    must((await page.locator("h1").count()) === 1, "not exactly one h1");
    must((await page.getByText("Loading…").count()) === 0, "something is still loading");
    await page.context().close();
  });
}

await check("filter, search and theme work without JavaScript", async () => {
  const page = await open(browser(), base, { javaScript: false });
  await page.goto(`${base}/replicas`);
  await page.getByRole("link", { name: /^Met/ }).first().click();
  must(page.url().includes("show=protected"), page.url());
  await page.fill("#search", "sql");
  await page.press("#search", "Enter");
  must(page.url().includes("q=sql"), page.url());
  await page.getByRole("button", { name: "Dark" }).click();
  must((await page.getAttribute("html", "data-theme")) === "dark", "the theme did not change");
  must(page.url().includes("q=sql"), `the theme led away to ${page.url()}`);
  await page.context().close();
});

for (const javaScript of [true, false]) {
  await check(`a restore point's commands stand there whole${javaScript ? " and are copied by their button" : ", without a button that would do nothing"}`, async () => {
    const page = await open(browser(), base, { javaScript });
    const path = screens.find(([name]) => name === "point")[1];
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await (javaScript ? visit(page, base + path) : page.goto(base + path));
    const lines = await page.locator("#out pre").allTextContents();
    const id = path.split("/").pop();
    must(lines[0].startsWith(`stillpoint restore ${id} --data /`) && lines[0].includes("--to-dir "), lines[0]);
    must(lines[1].includes(`restore ${id}`) && lines[1].includes("--disk 0 --to "), lines[1]);
    const button = page.locator("#out button").first();
    must((await button.isVisible()) === javaScript, `the button is ${javaScript ? "not " : ""}there`);
    if (javaScript) {
      await button.click();
      await page.locator('#out button[data-copy="done"]').waitFor();
      must((await page.evaluate(() => navigator.clipboard.readText())) === lines[0], "something else was copied");
    }
    quiet(page);
    await page.context().close();
  });
}

await check("no screen shows a machine's time or a wrong plural", async () => {
  const page = await open(browser(), base);
  for (const [name, path] of screens) {
    await visit(page, base + path);
    const text = await page.locator("main").innerText();
    // The evidence document is shown as stored, folded away.
    const found = text.match(/\d{4}-\d\d-\d\dT\d\d:\d\d[^\s]*|\b1 (disks|looks|attempts|deferrals|replicas|points|tenants|applies|requests)\b/);
    must(!found, `${name}: “${found?.[0]}”`);
  }
  await page.context().close();
});

for (const javaScript of [true, false]) {
  await check(`back up now is requested ${javaScript ? "with" : "without"} JavaScript, and no more is claimed`, async () => {
    const page = await open(browser(), base, { javaScript });
    const replica = screens.find(([name]) => name === "replica")[1];
    await (javaScript ? visit(page, base + replica) : page.goto(base + replica));
    await page.getByRole("button", { name: "Back up now" }).click();
    await page.locator(".said", { hasText: /request/i }).waitFor();
    must(new URL(page.url()).pathname === replica, `it led to ${page.url()}`);
    quiet(page);
    await page.context().close();
  });
}

await check("the keyboard reaches search, rows and screens", async () => {
  const page = await open(browser(), base);
  await visit(page, `${base}/replicas`);
  await page.keyboard.press("j");
  must((await page.evaluate(() => document.activeElement?.closest("[data-row]")?.dataset.row)) === "0", "j does not reach the first row");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("/");
  must((await page.evaluate(() => document.activeElement?.id)) === "search", "/ does not reach the search");
  await page.keyboard.type("e");
  await page.keyboard.press("Enter");
  await page.waitForURL(/q=e/);
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("g");
  await page.keyboard.press("n");
  await page.waitForURL(`${base}/`);
  await page.getByText("Why replicas wait").waitFor();
  quiet(page);
  await page.context().close();
});

await check("links and filters change the page without loading it again", async () => {
  const page = await open(browser(), base);
  await visit(page, `${base}/`);
  await page.evaluate(() => (window.same = true));
  await page.getByRole("navigation", { name: "Screens" }).getByRole("link", { name: /Replicas/ }).click();
  await page.waitForURL(`${base}/replicas`);
  await page.getByRole("link", { name: /^All \d/ }).waitFor();
  await page.locator("td.first a").first().click();
  await page.getByText("What stood in the way").waitFor();
  must(await page.evaluate(() => window.same === true), "the page was loaded again");
  quiet(page);
  await page.context().close();
});

await check("the page says that it is live", async () => {
  const page = await open(browser(), base);
  await visit(page, `${base}/`);
  await page.locator(".freshness b", { hasText: /^live$/ }).waitFor();
  await page.context().close();
});

for (const [path, status] of [["/nowhere", 404], [`/replicas/${nobody}`, 404], ["/replicas/not-an-id", 404], [`/points/${nobody}`, 404], ["/replicas?show=green", 422], ["/points?cursor=yesterday", 422], ["/replicas?cursor=yesterday", 422]]) {
  await check(`${path} answers ${status} in words, hydrated`, async () => {
    const page = await open(browser(), base);
    const answer = await visit(page, base + path);
    must(answer.status() === status, `status ${answer.status()}`);
    must(await page.getByText(status === 404 ? /not found/i : /not a valid/i).first().isVisible(), "no words for it");
    const own = page.complaints.filter((c) => !c.includes(`${status}`));
    must(own.length === 0, own.join("\n"));
    await accessible(page);
    await page.context().close();
  });
}

await end();
