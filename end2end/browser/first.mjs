// The first run in a real browser: `node first.mjs BASE_URL OUT_DIR LINK with|without`, on a server whose data directory nobody owns yet. Its one-time
// link makes the owner, with JavaScript or without; the same link a second time is refused in words. The last line is `N passed, N failed`; the exit
// code is 1 when anything failed.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { open } from "./browser.mjs";
import { accessible as withAxe, must, notSideways, quiet, quietBut, suite } from "./checks.mjs";

const [base, out, link, way] = process.argv.slice(2).map((a, i) => (i === 0 ? a.replace(/\/$/, "") : a));
if (!base || !out || !link || !["with", "without"].includes(way)) {
  console.error("usage: node first.mjs BASE_URL OUT_DIR LINK with|without");
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const { check, browser, end } = await suite();
const javaScript = way === "with";
const PASSWORD = "the first of many words";
// Axe waits on timers, which do not run where scripts are off.
const accessible = (page) => (javaScript ? withAxe(page) : undefined);
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

async function at(address, body) {
  const page = await open(browser(), base, { login: null, javaScript });
  try {
    await page.goto(address);
    await body(page);
  } finally {
    await page.context().close();
  }
}

/** The form behind the link, as a person fills it in: without scripts the code is pasted. */
async function join_as(page, login) {
  if (!javaScript) await page.getByLabel("Code").fill(link.split("#")[1]);
  must(!javaScript || !page.url().includes("#"), "the code stays in the address");
  must((await page.getByLabel("Code").inputValue()) === link.split("#")[1], "the code is not in the form");
  await page.getByLabel("Log-in name").fill(login);
  await page.getByLabel("Your name").fill("Ada");
  await page.getByLabel("Password").fill(PASSWORD);
}

await check(`before anybody owns the site its pages lead to the log-in, ${way} JavaScript`, () =>
  at(`${base}/`, async (page) => {
    must(new URL(page.url()).pathname === "/login", page.url());
    await accessible(page);
    quiet(page);
  }));

await check(`the link makes the owner, who lands on the Night, ${way} JavaScript`, () =>
  at(javaScript ? link : `${base}/join`, async (page) => {
    await join_as(page, "ada@example.org");
    await accessible(page);
    await notSideways(page);
    await page.screenshot({ path: join(out, `join-${way}.png`), fullPage: true });
    await press(page, "Join");
    await page.getByRole("heading", { name: /^Night of/ }).waitFor();
    must(new URL(page.url()).pathname === "/", page.url());
    if (javaScript) await page.waitForSelector("body[data-hydrated]", { state: "attached" });
    await accessible(page);
    await notSideways(page);
    await page.screenshot({ path: join(out, `night-${way}.png`), fullPage: true });
    await page.getByRole("link", { name: "ada@example.org" }).click();
    must((await page.locator("main").innerText()).includes("owner at the hoster"), "not the owner");
    quiet(page);
    await press(page, "Log out");
    await page.getByLabel("Log-in name").fill("ada@example.org");
    await page.getByLabel("Password").fill(PASSWORD);
    await press(page, "Log in");
    await page.getByRole("heading", { name: /^Night of/ }).waitFor();
    quiet(page);
  }));

await check(`the same link is refused in words the second time, ${way} JavaScript`, () =>
  at(javaScript ? link : `${base}/join`, async (page) => {
    await join_as(page, "grace@example.org");
    await press(page, "Join");
    const told = await page.getByRole("alert").innerText();
    must(/link|invitation|code/i.test(told) && told.length > 20, told);
    await accessible(page);
    await page.screenshot({ path: join(out, `again-${way}.png`), fullPage: true });
    quietBut(page, 422);
  }));

await end();
