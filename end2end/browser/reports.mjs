// The SLA report in a real browser: `node reports.mjs BASE_URL OUT_DIR`, on a demo. The page in both themes, at phone width and as PDF; the same
// figures in page, table and JSON. The last line is `N passed, N failed`; the exit code is 1 when anything failed.

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { open } from "./browser.mjs";
import { accessible, must, notSideways, quiet, quietBut, suite } from "./checks.mjs";

const [base, out] = process.argv.slice(2).map((a, i) => (i === 0 ? a.replace(/\/$/, "") : a));
if (!base || !out) {
  console.error("usage: node reports.mjs BASE_URL OUT_DIR");
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const { check, browser, end } = await suite();

/** A page that is left behind whatever happens. */
async function at(path, options, body) {
  const page = await open(browser(), base, options);
  try {
    await page.goto(base + path);
    await body(page);
  } finally {
    await page.context().close();
  }
}

const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
const views = [["light", 1440, 1000], ["dark", 1440, 1000], ["dark", 390, 800]];
for (const [list, login] of [["/reports", "operator"], ["/own/reports", "tenant-viewer"]]) {
  for (const [theme, width, height] of views) {
    await check(`${list} and its newest month are accessible, quiet and not too wide for ${login}, ${theme} at ${width} px`, () =>
      at(list, { login, theme, width, height }, async (page) => {
        const name = `${list.replaceAll("/", "-").slice(1)}-${theme}-${width}`;
        await page.screenshot({ path: join(out, `${name}-list.png`), fullPage: true });
        await accessible(page);
        await notSideways(page);
        await page.getByRole("link", { name: /^Open \d{4}-\d{2}$/ }).first().click();
        await page.getByRole("heading", { name: /^SLA report/ }).waitFor();
        await page.screenshot({ path: join(out, `${name}.png`), fullPage: true });
        await accessible(page);
        await notSideways(page);
        quiet(page);
      }));
  }
  if (login === "operator") await check("a tenant's report is there in both editions, each with a way to the other and back", () =>
    at(list, { login }, async (page) => {
      await press(page, "Open the report");
      await page.getByRole("heading", { name: /^SLA report/ }).waitFor();
      must((await page.locator("header").innerText()).includes("The tenant's edition"), "not the tenant's edition");
      await page.getByRole("link", { name: /^With the names/ }).click();
      must((await page.locator("header").innerText()).includes("The hoster's edition"), "not the hoster's edition");
      const href = await page.getByRole("link", { name: "JSON" }).getAttribute("href");
      must((await (await page.request.get(base + href)).json()).edition === "hoster", href);
      await page.screenshot({ path: join(out, "hosters.png"), fullPage: true });
      await page.getByRole("link", { name: "As the tenant finds it" }).click();
      await page.getByRole("link", { name: "All reports" }).click();
      await page.getByRole("heading", { name: "SLA reports" }).waitFor();
      await page.goto(`${base}/reports/2999-01/contoso`);
      await page.getByRole("heading").first().waitFor();
      quietBut(page, 404);
    }));
  await check(`page, table and JSON of ${login}'s newest month say the same percentages, and the page prints`, () =>
    at(list, { login }, async (page) => {
      await page.getByRole("link", { name: /^Open \d{4}-\d{2}$/ }).first().click();
      await page.getByRole("heading", { name: /^SLA report/ }).waitFor();
      const address = page.url();
      const document = await (await page.request.get(`${address}?form=json`)).json();
      const answer = await page.request.get(`${address}?form=csv`);
      must(/attachment; filename="sla-[a-z0-9-]+\.csv"/.test(answer.headers()["content-disposition"]), "no file name");
      const table = await answer.text();
      const text = await page.locator("main").innerText();
      // Days may close between the questions: what is compared with each other was closed before.
      for (const [name, ratio] of [["raw", document.raw], ["contract", document.contract]]) {
        const percent = ratio.pct ?? "none";
        must(text.includes(ratio.pct ? `${percent} %` : percent), `${name} ${percent} is not on the page`);
        must(table.includes(`figure,${name},,,,${ratio.met},${ratio.of},${percent},`), `${name} is not in the table`);
      }
      must(table.split("\r\n").length > document.replicas.length * 4, "replicas are missing in the table");
      const path = join(out, `${list.replaceAll("/", "-").slice(1)}.pdf`);
      await page.pdf({ path, preferCSSPageSize: true });
      const pdf = readFileSync(path, "latin1");
      must(pdf.startsWith("%PDF-") && /\/Type\s*\/Page\b/.test(pdf) && pdf.includes("/Font"), "the PDF has no page with text");
    }));
}

await check("a tenant finds nothing of another's or of the hoster's reports", () =>
  at("/own/reports", { login: "tenant-admin" }, async (page) => {
    const month = (await page.getByRole("link", { name: /^Open / }).first().innerText()).slice(5);
    for (const path of [`/reports/${month}`, `/reports/${month}/northwind`, `/api/v1/reports/${month}?tenant=northwind`]) {
      must((await page.request.get(base + path)).status() === 404, path);
    }
    const own = await (await page.request.get(`${base}/own/reports/${month}?form=csv`)).text();
    must(!own.toLowerCase().includes("northwind") && !own.includes("hv-r-"), "a name that is not the tenant's");
  }));

await end();
