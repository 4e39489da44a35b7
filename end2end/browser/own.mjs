// A tenant's whole visit in a real browser: `node own.mjs BASE_URL OUT_DIR`, on a demo. It looks, backs up now, moves its window, takes a disk
// home and finds all of that in its trail; with scripts and without. The last line is `N passed, N failed`; the exit code is 1 when anything failed.

import { mkdirSync, openSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import { open } from "./browser.mjs";
import { accessible, must, notSideways, quiet, suite } from "./checks.mjs";

const [base, out] = process.argv.slice(2).map((a, i) => (i === 0 ? a.replace(/\/$/, "") : a));
if (!base || !out) {
  console.error("usage: node own.mjs BASE_URL OUT_DIR");
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const { check, browser, end } = await suite();
const PASSWORD = "between two log applies";

/** A page that is left behind whatever happens. */
async function at(path, options, body) {
  const page = await open(browser(), base, options);
  try {
    if (path) await page.goto(base + path);
    await body(page);
  } finally {
    await page.context().close();
  }
}

const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
const heading = (page, name) => page.getByRole("heading", { name }).waitFor();
const json = async (page, path) => (await page.request.get(base + path)).json();

/** A machine of the tenant with a restore point, which nothing keeps from an attempt now and may be asked for; not one of `but`. */
async function ready(page, but) {
  for (let tries = 0; tries < 90; tries += 1) {
    for (const row of (await json(page, "/api/v1/own/replicas?limit=500")).rows) {
      if (row.state.title !== "Ready" || row.points === 0 || but.includes(row.id)) continue;
      const whole = await json(page, `/api/v1/own/replicas/${row.id}`);
      const newest = whole.asked[0] ? Date.parse(whole.asked[0].at) : 0;
      if (whole.asked.length < 4 && Date.parse(whole.as_of) - newest > 16 * 60_000) return row;
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  throw new Error("no machine of the tenant became ready");
}

await check("the hoster opens the window for changes and says how the tenant's pages look", () =>
  at("/tenants", {}, async (page) => {
    await page.getByLabel(/^Change… where Contoso/).click();
    const open = page.locator('form[action="/forms/frame"]').first();
    await open.getByLabel("Opens at the earliest").fill("18:00");
    await open.getByLabel("Due at the latest").fill("10:00");
    await open.getByLabel("Least length, minutes").fill("300");
    await open.getByRole("button", { name: "Open it for changes" }).click();
    await page.getByText("inside 18:00 to 10:00 next day").first().waitFor();
    await page.getByLabel(/^Change… how the pages of Contoso/).click();
    const look = page.locator('form[action="/forms/brand"]').first();
    await look.getByLabel("Name").fill("Contoso Cover");
    await look.getByLabel("Accent colour").fill("#1f7a5a");
    await look.locator("input[type=file]").setInputFiles({ name: "logo.png", mimeType: "image/png", buffer: logo() });
    await look.getByRole("button", { name: "Save" }).click();
    await page.getByText("Contoso Cover, #1f7a5a, a logo").waitFor();
    await page.screenshot({ path: join(out, "tenants.png"), fullPage: true });
    quiet(page);
  }));

/** A green square of 24 px, as PNG. */
function logo() {
  return Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAABgAAAAYCAIAAABvFaqvAAAAH0lEQVR42mOQr4qiCmIYNWjUoFGDRg0aNWjUoIE3CADYqiLfGl7JSQAAAABJRU5ErkJggg==",
    "base64",
  );
}

const asked = [];
for (const javaScript of [true, false]) {
  const way = javaScript ? "with JavaScript" : "without JavaScript";
  await check(`a tenant's whole visit, ${way}`, () =>
    at("/login", { login: null, javaScript }, async (page) => {
      await page.getByLabel("Log-in name").fill("tenant-admin");
      await page.getByLabel("Password").fill(PASSWORD);
      await press(page, "Log in");
      await heading(page, "Your machines");
      must((await page.locator("header.bar").innerText()).includes("Contoso Cover"), "the brand is not shown");

      const machine = await ready(page, asked);
      asked.push(machine.id);
      await page.goto(`${base}/own`);
      await page.getByRole("link", { name: machine.name, exact: true }).first().click();
      await heading(page, machine.name);
      await page.getByRole("heading", { name: "Restore points" }).waitFor();
      await press(page, "Back up now");
      await page.getByText("Requested: one attempt is made now.").waitFor();
      const again = await page.request.post(`${base}/api/v1/own/replicas/${machine.id}/backups`);
      must([409, 429].includes(again.status()), `asked again: ${again.status()}`);

      const href = await page.locator(".points .disks a").first().getAttribute("href");
      const download = page.waitForEvent("download", { timeout: 120_000 });
      await page.locator(".points .disks a").first().click();
      const file = join(out, `taken-${javaScript}.vhdx`);
      await (await download).saveAs(file);
      const magic = Buffer.alloc(8);
      const opened = openSync(file);
      readSync(opened, magic, 0, 8, 0);
      must(magic.toString() === "vhdxfile", `the file begins with ${magic}`);
      const head = await page.request.get(base + href, { headers: { range: "bytes=0-199999" } });
      must(head.status() === 206, `a part is answered ${head.status()}`);
      const etag = head.headers()["etag"];
      const rest = await page.request.get(base + href, { headers: { range: "bytes=100000-299999", "if-range": etag } });
      must(rest.status() === 206, `the rest is answered ${rest.status()}`);
      const taken = Buffer.alloc(300_000);
      readSync(opened, taken, 0, 300_000, 0);
      must((await rest.body()).equals(taken.subarray(100_000, 300_000)), "the rest does not continue the file");
      rmSync(file);

      await page.goto(`${base}/own/settings`);
      await page.getByLabel("Opens", { exact: true }).fill(javaScript ? "21:00" : "22:00");
      await page.getByLabel(/^Due/).fill("07:00");
      await page.locator("#move").getByRole("button", { name: "Show what it would do" }).click();
      await page.getByText(/^From the day of \d{4}-\d\d-\d\d on: 2[12]:00 to 07:00 next day/).waitFor();
      await page.screenshot({ path: join(out, `move-${javaScript}.png`), fullPage: true });
      await press(page, "Move it");
      await page.getByText(/^Moved\./).waitFor();
      const { own } = await json(page, "/api/v1/own/window");
      must(own.open === (javaScript ? "21:00" : "22:00"), `the window is ${JSON.stringify(own)}`);
      await page.goto(`${base}/own/settings?open=09:00&due=17:00`);
      await page.getByRole("alert").getByText("is not inside").waitFor();
      page.complaints.splice(0, page.complaints.length, ...page.complaints.filter((text) => !text.includes("own/settings") && !text.includes("400")));

      await page.getByRole("link", { name: "Audit trail" }).click();
      for (const words of ["Asked for a backup", "Took a disk home", "Moved the window"]) {
        must((await page.locator(".trail").innerText()).includes(words), `the trail does not say: ${words}`);
      }
      must((await page.locator(".trail").innerText()).includes(machine.name), "the trail does not name the machine");
      must(/ [+-]\d\d:\d\d\b/.test(await page.locator(".trail td").first().innerText()), "the trail's clock is not the tenant's");
      await page.screenshot({ path: join(out, `trail-${javaScript}.png`), fullPage: true });

      await page.getByRole("link", { name: "Reports" }).click();
      await page.getByRole("link", { name: /^Open \d{4}-\d\d$/ }).first().click();
      await page.getByRole("heading", { name: /^SLA report/ }).waitFor();
      must((await page.locator("img.logo").evaluate((it) => it.complete && it.naturalWidth)) === 24, "the logo is not on the report");
      await page.screenshot({ path: join(out, `report-${javaScript}.png`), fullPage: true });
      await page.getByRole("link", { name: "All reports" }).click();
      await heading(page, "SLA reports");

      await page.getByRole("link", { name: "People" }).click();
      await page.locator('select[name="seat"]').selectOption("viewer@contoso");
      await press(page, "Make a link");
      must((await page.locator("#link .mono").innerText()).startsWith(`${base}/join#`), "no link for a viewer");
      await page.getByRole("button", { name: /^Revoke the link as viewer/ }).first().click();

      await page.getByRole("link", { name: "Tokens" }).click();
      const name = `the visit ${way}`;
      await page.getByLabel("Name").fill(name);
      await page.getByLabel("replicas:read").check();
      await press(page, "Make it");
      const token = (await page.locator("#made .mono").innerText()).trim();
      const opens = async () => (await fetch(`${base}/api/v1/own/replicas`, { headers: { authorization: `Bearer ${token}` } })).status;
      must((await opens()) === 200, "the token does not open what it may");
      await page.getByRole("button", { name: `Revoke ${name}` }).click();
      await page.locator(".said").waitFor();
      must((await opens()) === 401, "a revoked token opens something");

      await press(page, "Log out");
      await page.goto(`${base}/own`);
      must(new URL(page.url()).pathname === "/login", `still in: ${page.url()}`);
      quiet(page);
    }));
}

const shown = async (page) => (await json(page, "/api/v1/own/replicas?limit=500")).rows.find((row) => row.points > 0).id;
for (const [theme, width, height] of [["light", 1440, 1000], ["dark", 1440, 1000], ["light", 390, 800], ["dark", 390, 800]]) {
  await check(`a tenant's pages are accessible, quiet and not too wide, ${theme} at ${width} px`, () =>
    at(null, { login: "tenant-viewer", theme, width, height }, async (page) => {
      for (const path of ["/own", `/own/replicas/${await shown(page)}`, "/own/settings"]) {
        await page.goto(base + path);
        const name = path.split("/").slice(1, 3).join("-");
        await page.screenshot({ path: join(out, `${name}-${theme}-${width}.png`), fullPage: true });
        await accessible(page);
        await notSideways(page);
        const text = await page.locator("body").innerText();
        must(!/hv-r-|[A-Z]:\\|\\\\/.test(text), `${path} names a machine of the hoster's`);
      }
      quiet(page);
    }));
}

for (const [theme, width, height] of [["light", 1440, 1000], ["dark", 1440, 1000], ["light", 390, 800], ["dark", 390, 800]]) {
  await check(`what a tenant's admin does is accessible, quiet and not too wide, ${theme} at ${width} px`, () =>
    at(null, { login: "tenant-admin", theme, width, height }, async (page) => {
      const machine = `/own/replicas/${await shown(page)}`;
      const pages = [["replica", machine, "Back up now"], ["window", "/own/settings", "Show what it would do"], ["tried", "/own/settings?open=20:30&due=07:30", "Move it"]];
      pages.push(["trail", "/audit", null], ["people", "/people", "Make a link"], ["tokens", "/tokens", "Make it"], ["me", "/me", "Set one up"]);
      for (const [name, path, button] of pages) {
        await page.goto(base + path);
        if (button) must((await page.getByRole("button", { name: button, exact: true }).count()) > 0, `${path} has no button ${button}`);
        must((await page.title()).endsWith("· Contoso Cover"), `the title is ${await page.title()}`);
        await page.screenshot({ path: join(out, `admin-${name}-${theme}-${width}.png`), fullPage: true });
        await accessible(page);
        await notSideways(page);
      }
      quiet(page);
    }));
}

await check("a viewer looks and has no hands", () =>
  at(null, { login: "tenant-viewer" }, async (page) => {
    const id = await shown(page);
    await page.goto(`${base}/own/replicas/${id}`);
    must((await page.getByRole("button", { name: "Back up now" }).count()) === 0, "a viewer can ask for a backup");
    must((await page.locator(".points .disks a").count()) === 0, "a viewer is offered a disk");
    await page.goto(`${base}/own/settings`);
    must((await page.getByRole("button", { name: "Show what it would do" }).count()) === 0, "a viewer can move the window");
    must((await page.request.post(`${base}/own/replicas/${id}/backup`)).status() === 404, "the form is there");
    const { rows } = await json(page, `/api/v1/own/replicas/${id}/points`);
    must((await page.request.get(base + rows[0].disks[0].download)).status() === 404, "the disk is there");
  }));

await check("a page follows what happens by itself", () =>
  at(null, { login: "tenant-admin" }, async (page) => {
    const machine = await ready(page, asked);
    asked.push(machine.id);
    await page.goto(`${base}/own/replicas/${machine.id}`);
    const before = await page.locator("#now .note").innerText();
    await page.request.post(`${base}/api/v1/own/replicas/${machine.id}/backups`);
    await page.waitForFunction((was) => document.querySelector("#now .note").innerText !== was, before);
    quiet(page);
  }));

await end();
