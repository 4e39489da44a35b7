// Debian's chromium, and pages that remember everything they complain about.

import { chromium } from "playwright-core";

// Each for a reason: there is no user namespace for root in a container; no GPU and no software GL for a page without canvas;
// shared memory on disk, since /dev/shm is 64 MB in a container and a full-page picture of one renderer may fill it; nothing
// that Chromium fetches, updates or reports by itself; no crash handler that would wait for a server it cannot reach.
const ARGS = [
  "--no-sandbox",
  "--disable-dev-shm-usage",
  "--disable-gpu",
  "--disable-software-rasterizer",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-crash-reporter",
  "--disable-breakpad",
  "--disable-features=Vulkan,UseDBus,MediaRouter,OptimizationHints",
  "--no-first-run",
];
const WORDS = 40;

/** The browser; `lastWords()` is what its process said last, and how it ended if it did. */
export async function launch() {
  const server = await chromium.launchServer({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS });
  const words = [];
  const keep = (text) => {
    // It looks for a session bus and finds none; that is no news.
    words.push(...text.split("\n").filter((line) => line && !line.includes("dbus")).map((line) => line.slice(0, 300)));
    words.splice(0, Math.max(0, words.length - WORDS));
  };
  server.process().stderr?.on("data", (data) => keep(String(data)));
  const ended = new Promise((resolve) => server.process().on("exit", resolve));
  server.process().on("exit", (code, signal) => keep(`the process ended with ${signal ?? `exit code ${code}`}`));
  const browser = await chromium.connect(server.wsEndpoint());
  // The connection to Playwright's own server outlives the browser, so `isConnected` would not tell: a context is asked for.
  browser.isAlive = async () => {
    try {
      await (await browser.newContext()).close();
      return true;
    } catch {
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5_000))]);
      return false;
    }
  };
  browser.lastWords = () => words.join("\n");
  browser.end = () => server.close();
  return browser;
}

const PASSWORD = "between two log applies";
const sessions = new Map();

/** Cookies of one of the demo's log-ins; logged in once per server and name. */
async function known(context, base, login) {
  const key = `${base} ${login}`;
  if (!sessions.has(key)) {
    const answer = await context.request.post(`${base}/login`, { form: { login, password: PASSWORD }, maxRedirects: 0 });
    if (answer.status() !== 303) throw new Error(`${login} is not let in: ${answer.status()}`);
    const cookies = await context.cookies(base);
    sessions.set(key, cookies.filter((cookie) => cookie.name === "stillpoint"));
  }
  await context.addCookies(sessions.get(key));
}

/** A page of its own context, logged in as `login` (nobody with `null`); `page.complaints` collects console errors, exceptions, failed answers and
 * questions to other hosts. */
export async function open(browser, base, { theme, width = 1440, height = 1000, javaScript = true, login = "operator" } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    javaScriptEnabled: javaScript,
    colorScheme: "light",
    reducedMotion: "reduce",
  });
  if (theme) await context.addCookies([{ name: "stillpoint_theme", value: theme, url: base }]);
  if (login) await known(context, base.replace(/\/$/, ""), login);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.complaints = [];
  const complain = (text) => page.complaints.push(text);
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && complain(`console ${m.type()}: ${m.text()}`));
  page.on("pageerror", (e) => complain(`exception: ${e.message}`));
  const own = new URL(base).origin;
  page.on("request", (r) => !/^(data|blob|about):/.test(r.url()) && new URL(r.url()).origin !== own && complain(`another host is asked: ${r.url()}`));
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
