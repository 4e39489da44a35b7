// The doors in a real browser: `node doors.mjs BASE_URL OUT_DIR`, on a demo. Log-in, invitation, second factor, a tenant's visit, revocation;
// each page in both themes and at phone width. The last line is `N passed, N failed`; the exit code is 1 when anything failed.

import { createHmac } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { open } from "./browser.mjs";
import { accessible, must, notSideways, quiet, quietBut, suite } from "./checks.mjs";

const [base, out] = process.argv.slice(2).map((a, i) => (i === 0 ? a.replace(/\/$/, "") : a));
if (!base || !out) {
  console.error("usage: node doors.mjs BASE_URL OUT_DIR");
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

/** What an authenticator shows (RFC 6238) so many steps from now. */
function shown(base32, steps = 0) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...base32.trim()].map((c) => letters.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac("sha1", key).update(counter).digest();
  const from = mac[19] & 15;
  return String((mac.readUInt32BE(from) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

const pages = [["/login", null], ["/login/code", null], ["/join", null], ["/reset", null], ["/me", "owner"], ["/people", "owner"], ["/tokens", "owner"], ["/audit", "owner"], ["/own", "tenant-viewer"], ["/api/docs", null], ["/api/docs", "tenant-admin"]];
for (const [path, login] of pages) {
  for (const [theme, width, height] of [["light", 1440, 1000], ["dark", 390, 800]]) {
    await check(`${path} of ${login ?? "nobody"} is accessible, quiet and not too wide, ${theme} at ${width} px`, () =>
      at(path, { login, theme, width, height }, async (page) => {
        await page.screenshot({ path: join(out, `${path.replaceAll("/", "-").slice(1)}-${login ?? "nobody"}-${theme}.png`), fullPage: true });
        await accessible(page);
        await notSideways(page);
        quiet(page);
      }));
  }
}

for (const javaScript of [true, false]) {
  const way = javaScript ? "with JavaScript" : "without JavaScript";
  const name = javaScript ? "ada" : "grace";
  await check(`somebody is invited, joins, and is put out again, ${way}`, async () => {
    let link = "";
    await at("/people", { login: "owner", javaScript }, async (page) => {
      await page.locator('select[name="seat"]').selectOption("viewer@contoso");
      await press(page, "Make a link");
      link = (await page.locator("#link .mono").innerText()).trim();
    });
    must(link.startsWith(`${base}/join#`), `no link: ${link}`);
    await at(javaScript ? link.slice(base.length) : "/join", { login: null, javaScript }, async (page) => {
      if (!javaScript) await page.getByLabel("Code").fill(link.split("#")[1]);
      must(!page.url().includes("#"), "the code stays in the address");
      await page.getByLabel("Log-in name").fill(`${name}@contoso.example`);
      await page.getByLabel("Your name").fill(name);
      await page.getByLabel("Password").fill("a few words for the door");
      await press(page, "Join");
      await page.getByRole("heading", { name: "Your machines" }).waitFor();
      must(!(await page.locator("body").innerText()).includes("hv-r-"), "a tenant reads a name of the hoster's machines");
      // Out, while the session is open.
      await at("/people", { login: "owner", javaScript }, async (owner) => {
        await owner.getByRole("button", { name: `Put out ${name}@contoso.example` }).click();
        await owner.locator(".said").waitFor();
      });
      await page.goto(`${base}/own`);
      must(new URL(page.url()).pathname === "/login", `still in: ${page.url()}`);
      quiet(page);
    });
  });
}

await check("a wrong password and a name that nobody has are told alike, and the page stays", async () => {
  const told = [];
  for (const login of ["auditor", "nobody-at-all"]) {
    await at("/login", { login: null }, async (page) => {
      await page.getByLabel("Log-in name").fill(login);
      await page.getByLabel("Password").fill("not the password");
      await press(page, "Log in");
      told.push(await page.getByRole("alert").innerText());
    });
  }
  must(told[0] === told[1] && told[0].includes("not right"), told.join(" / "));
});

await check("an auditor is offered nothing that would be refused, and finds no form where it leads", () =>
  at("/", { login: "auditor" }, async (page) => {
    const ids = {};
    for (const [name, path] of [["replica", "/api/v1/replicas?limit=1"], ["point", "/api/v1/points?limit=1"]]) {
      ids[name] = (await (await page.request.get(base + path)).json()).rows[0].id;
    }
    await page.goto(`${base}/replicas/${ids.replica}`);
    const day = await page.locator('a[href*="/days/"]').first().getAttribute("href");
    const screens = ["/", "/replicas", `/replicas/${ids.replica}`, `/replicas/${ids.replica}?do=hold`, `/replicas/${ids.replica}?do=policy`, day, `/points/${ids.point}`, "/points", "/attempts"];
    screens.push("/policies", "/policies?edit=standard", "/holds", "/tenants", "/tenants?tenant=contoso&kind=trust-group&text=contoso", "/sla", "/findings", "/activity", "/audit", "/reports", "/me");
    for (const path of screens) {
      await page.goto(base + path);
      await page.locator("main h1").first().waitFor();
      const offered = await page.evaluate(() => ({
        forms: [...document.querySelectorAll('form[method="post"]')].map((form) => new URL(form.action).pathname),
        links: [...document.querySelectorAll('a[href^="/"]')].map((link) => link.getAttribute("href")),
      }));
      const deeds = offered.forms.filter((action) => !["/theme", "/logout"].includes(action) && !action.startsWith("/me/"));
      must(deeds.length === 0, `${path} has forms that would be refused: ${deeds}`);
      const hands = offered.links.filter((href) => /[?&](do|lift|ack|edit)=/.test(href) || href.startsWith("/people") || href.startsWith("/tokens") || href.includes("/disks/"));
      must(hands.length === 0, `${path} leads to what would be refused: ${hands}`);
    }
    await page.goto(`${base}/replicas/${ids.replica}`);
    await page.screenshot({ path: join(out, "auditor-replica.png"), fullPage: true });
    await page.goto(`${base}/holds`);
    await page.screenshot({ path: join(out, "auditor-holds.png"), fullPage: true });
    quiet(page);
  }));

await check("an authenticator is set up, asked for, and a recovery code stands in for it", () =>
  at("/me", { login: "auditor" }, async (page) => {
    await page.getByLabel("Your password").fill("between two log applies");
    await press(page, "Set one up");
    const secret = await page.locator("#secret").innerText();
    await page.getByLabel("Code").fill(shown(secret));
    await press(page, "Ask for it from now on");
    const codes = await page.locator("#codes li").allInnerTexts();
    must(codes.length === 10, `${codes.length} recovery codes`);
    await accessible(page);
    for (const [code, good] of [["000000", false], [shown(secret, 1), true], [codes[0], true]]) {
      await press(page, "Log out");
      await page.getByLabel("Log-in name").fill("auditor");
      await page.getByLabel("Password").fill("between two log applies");
      await press(page, "Log in");
      await page.getByLabel("Code").fill(code);
      await press(page, "Go on");
      if (!good) {
        await page.getByRole("alert").waitFor();
        await page.getByLabel("Code").fill(codes[1]);
        await press(page, "Go on");
      }
      await page.goto(`${base}/me`);
      await page.getByText("asked for at every log-in").waitFor();
    }
    await page.getByLabel("Your password").fill("between two log applies");
    await press(page, "Take the authenticator away");
    await page.locator(".said").waitFor();
    // The wrong code.
    quietBut(page, 422);
  }));

await check("a token opens what it may and nothing once it is revoked", () =>
  at("/tokens", { login: "owner" }, async (page) => {
    await page.getByLabel("Name").fill("the check");
    await page.getByLabel("rules:read").check();
    await press(page, "Make it");
    const token = (await page.locator("#made .mono").innerText()).trim();
    const ask = async (path) => (await fetch(base + path, { headers: { authorization: `Bearer ${token}` } })).status;
    must((await ask("/api/v1/policies")) === 200, "it does not open what it may");
    must((await ask("/api/v1/replicas")) === 404, "it opens what it may not");
    await page.getByRole("button", { name: "Revoke the check" }).first().click();
    await page.locator(".said").waitFor();
    must((await ask("/api/v1/policies")) === 401, "it opens something still");
    quiet(page);
  }));

await check("who lost the password chooses another by a link, once", async () => {
  let link = "";
  await at("/people", { login: "owner" }, async (page) => {
    await page.getByRole("button", { name: "Lost password of tenant-viewer: make a link to another" }).click();
    link = (await page.locator("#link .mono").innerText()).trim();
  });
  must(link.startsWith(`${base}/reset#`), `no link: ${link}`);
  for (const good of [true, false]) {
    await at(link.slice(base.length), { login: null }, async (page) => {
      must(!page.url().includes("#"), "the code stays in the address");
      // The same words again: what follows in this suite logs in with them.
      await page.getByLabel("New password").fill("between two log applies");
      await press(page, "Change it");
      await page.getByRole(good ? "status" : "alert").waitFor();
      await accessible(page);
      if (good) quiet(page);
      else quietBut(page, 422);
    });
  }
});

await check("a key at a screen says that somebody sits there", () =>
  at("/holds", { login: "owner" }, async (page) => {
    const [told] = await Promise.all([page.waitForRequest((it) => it.url().endsWith("/me/here")), page.keyboard.press("Shift")]);
    must(told.method() === "POST", told.method());
    quiet(page);
  }));

await check("a session is ended from another one", () =>
  at("/login", { login: null }, async (page) => {
    const other = await open(browser(), base, { login: "tenant-admin" });
    await other.goto(`${base}/me`);
    await page.getByLabel("Log-in name").fill("tenant-admin");
    await page.getByLabel("Password").fill("between two log applies");
    await press(page, "Log in");
    await page.goto(`${base}/me`);
    await press(page, "End all others");
    await page.locator(".said").waitFor();
    await other.goto(`${base}/me`);
    must(new URL(other.url()).pathname === "/login", "the other session is open still");
    quiet(page);
    quiet(other);
    await other.context().close();
  }));

await end();
