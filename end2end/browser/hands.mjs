// What a person does by hand, in a real browser: `node hands.mjs BASE_URL OUT_DIR`, on a server whose SLA days are partly closed and partly
// lost. Each deed with JavaScript and without it, what follows from it on other screens, and what is refused, in words beside the form.
// The last line is `N passed, N failed`; the exit code is 1 when anything failed.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { open, visit } from "./browser.mjs";
import { accessible, must, notSideways, quiet, suite } from "./checks.mjs";

const [base, out] = process.argv.slice(2).map((a, i) => (i === 0 ? a.replace(/\/$/, "") : a));
if (!base || !out) {
  console.error("usage: node hands.mjs BASE_URL OUT_DIR");
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const { check, browser, end } = await suite();

const ways = [[true, "with JavaScript"], [false, "without JavaScript"]];

/** A page that is left behind whatever happens; `go` waits for hydration where there is any. */
async function at(path, javaScript, body) {
  const page = await open(browser(), base, { javaScript });
  const go = (to) => (javaScript ? visit(page, base + to) : page.goto(base + to));
  try {
    await go(path);
    await body(page, go);
  } finally {
    await page.context().close();
  }
}

const form = (page, action) => page.locator(`form[action="${action}"]`);
/** The words that confirm a deed. */
const done = (page, words) => page.locator(".said", { hasText: words }).waitFor();
const row = (page, text) => page.locator("tr", { hasText: text });
/** A cell's figure, by the label of its tile. */
const tile = async (page, label) => (await page.locator(".figures > *", { hasText: label }).first().innerText()).replace(/\s+/g, " ");

for (const [javaScript, way] of ways) {
  const reason = `switch is replaced, ${way}`;
  await check(`a host is held with a reason and lifted again ${way}`, () =>
    at("/holds", javaScript, async (page, go) => {
      const host = form(page, "/forms/hold").filter({ hasText: "Hold the host" });
      await host.getByLabel("Until").fill("4h");
      await host.getByLabel("Reason").fill(reason);
      await host.getByRole("button", { name: "Hold the host" }).click();
      await done(page, /held/i);
      await row(page, reason).first().waitFor();
      await go("/");
      must(await page.getByText(reason).first().isVisible(), "the Night does not show the hold");
      await go("/holds");
      await row(page, reason).getByRole("link", { name: /^Lift/ }).first().click();
      await page.getByRole("button", { name: "Lift the hold" }).click();
      await done(page, "Lifted");
      must((await page.locator("section", { hasText: "In force" }).first().getByText(reason).count()) === 0, "it is still in force");
      await go("/activity");
      must((await row(page, reason).count()) >= 2, "activity does not tell that it was laid and lifted");
      if (javaScript) quiet(page);
    }));
}

await check("a hold that cannot be is refused beside its form, and what was written stays", () =>
  at("/holds", true, async (page) => {
    const host = form(page, "/forms/hold").filter({ hasText: "Hold the host" });
    await host.getByLabel("Until").fill("yesterday");
    await host.getByLabel("Reason").fill("a try");
    await host.getByRole("button", { name: "Hold the host" }).click();
    await host.locator("output.refused", { hasText: "yesterday" }).waitFor();
    must((await host.getByLabel("Reason").inputValue()) === "a try", "the reason is gone");
    await accessible(page);
  }));

for (const [javaScript, way] of ways) {
  await check(`a cause is acknowledged with a note ${way}`, () =>
    at("/", javaScript, async (page, go) => {
      const words = `ticket 4711, ${way}`;
      for (let i = 0; i < 8; i++) {
        if (await noted(page, go, words, javaScript)) {
          if (javaScript) quiet(page);
          return;
        }
        await go("/");
      }
      must(false, "eight causes ended under the hand: none could be acknowledged");
    }));
}

/** Takes note of a cause that is listed. False when the cause ended meanwhile: causes of a night come and go, and its note goes with it. */
async function noted(page, go, words, javaScript) {
  // The check with JavaScript leaves a note behind; the other one may renew it. The last in the list has the most time left.
  const link = page.getByRole("link", { name: /^(Acknowledge|Renew)/ }).last();
  const href = await link.getAttribute("href");
  await link.click();
  const deed = form(page, "/forms/acknowledge");
  const gone = page.getByText("This cause is gone").first();
  await deed.or(gone).first().waitFor();
  if (await gone.isVisible()) return false;
  await deed.getByLabel("Note").fill(words);
  await deed.getByRole("button", { name: "Acknowledge" }).click();
  await done(page, /./);
  const note = page.getByText(words).first();
  const listed = page.locator(`a[href="${href}"]`);
  for (const end = Date.now() + 15_000; Date.now() < end; ) {
    if (await note.isVisible()) return true;
    if ((await listed.count()) === 0) return false;
    if (javaScript) await page.waitForTimeout(200);
    else await go("/");
  }
  throw new Error(`the cause is still listed, and its note is not: ${href}`);
}

for (const [javaScript, way] of ways) {
  await check(`a new version of a policy applies from the next SLA day ${way}`, () =>
    at("/policies?edit=standard", javaScript, async (page) => {
      const deed = form(page, "/forms/policy");
      const version = Number(/Version (\d+) of/.exec(await page.locator("#edit").innerText())[1]);
      await deed.getByLabel("Target").fill(javaScript ? "99.4" : "99.3");
      await deed.getByRole("button", { name: "Save as a new version" }).click();
      await done(page, /./);
      await page.getByText(`version ${version}`).first().waitFor();
      const text = await page.locator("main").innerText();
      must(text.replace(/ of days/g, "").replace(/\s+/g, " ").includes(javaScript ? "99.5 % → 99.4 %" : "99.4 % → 99.3 %"), "the version does not say what it changed");
      if (javaScript) quiet(page);
    }));
}

await check("days that are open keep the version that they were opened under", () =>
  at("/replicas", true, async (page, go) => {
    await go(await page.locator("td.first a").first().getAttribute("href"));
    await go(await page.locator('a[href*="/days/"]').first().getAttribute("href"));
    must(await page.getByText("99.5 % of days").first().isVisible(), "the day's target is not the one it was opened with");
    must(await page.getByText("version 1").first().isVisible(), "the day's version is not the first");
  }));

await check("a lost day is excused: the contract changes, the raw figure stays, and the correction is in sight", () =>
  at("/sla", true, async (page, go) => {
    const raw = await tile(page, "Raw");
    const contract = await tile(page, "Contract");
    await page.screenshot({ path: join(out, "sla.png"), fullPage: true });
    const lost = row(page, "Missed").filter({ has: page.locator('a[href*="/days/"]') }).first();
    const day = await lost.locator('a[href*="/days/"]').getAttribute("href");
    await go(day);
    await page.screenshot({ path: join(out, "missed.png"), fullPage: true });
    await accessible(page);
    await notSideways(page);
    const deed = form(page, "/forms/correct");
    await deed.getByLabel("Correction").selectOption("excuse");
    await deed.getByLabel("Whose it was").selectOption("external");
    await deed.getByLabel("Reason").fill("the carrier's line was cut");
    await deed.getByRole("button", { name: "Append the correction" }).click();
    await done(page, "Corrected");
    await page.getByRole("heading", { name: "Corrections" }).waitFor();
    must((await tile(page, "Outcome")).includes("Excused"), "the day is not excused");
    await accessible(page);
    await go("/sla");
    must((await tile(page, "Raw")) === raw, "the raw figure changed");
    must((await tile(page, "Contract")) !== contract, "the contractual figure did not change");
    await go("/activity");
    must(await page.getByText("the carrier's line was cut").first().isVisible(), "activity does not tell it");
    quiet(page);
  }));

await check("a correction is taken back without JavaScript", () =>
  at("/activity", false, async (page, go) => {
    const day = await row(page, "the carrier's line was cut").first().locator("a").getAttribute("href");
    await go(day);
    const deed = form(page, "/forms/correct");
    await deed.getByLabel("Correction").selectOption("restore");
    await deed.getByLabel("Reason").fill("it was another line");
    await deed.getByRole("button", { name: "Append the correction" }).click();
    await done(page, "Corrected");
    must((await tile(page, "Outcome")).includes("Missed"), `the day is not missed again: ${await tile(page, "Outcome")}`);
    must((await page.locator("#corrections tbody tr").count()) >= 2, "both corrections must stay in sight");
  }));

await check("the Night tells what was missed while Stillpoint was down, and that nobody looked", () =>
  at("/", true, async (page) => {
    const text = await page.locator("main").innerText();
    must(/not met by due/.test(text), "no breach among the notices");
    must(/Stillpoint is planning again|has stopped planning/.test(text), "no word of the downtime");
    await page.screenshot({ path: join(out, "night.png"), fullPage: true });
    await accessible(page);
    quiet(page);
  }));

await end();
