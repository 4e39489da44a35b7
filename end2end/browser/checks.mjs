// Named checks in one browser, and what every screen is held to.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { launch } from "./browser.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const told = (error) => String(error.message ?? error).split("\n").slice(0, 12).join("\n     ");

/** A run of checks: `browser()` is the one that lives now, `end()` tells the sum and leaves with 1 when anything failed. */
export async function suite() {
  let living = await launch();
  let passed = 0;
  const failures = [];

  /** A failure is told and the next check runs. Only a check in which the browser itself died is made again, once. */
  async function check(name, body, again = false) {
    try {
      await body();
      passed += 1;
      console.log(`ok   ${name}`);
    } catch (error) {
      if (!(await living.isAlive())) {
        console.log(`     the browser died in: ${name}\n     it said last:\n     ${living.lastWords().split("\n").join("\n     ")}`);
        living = await launch();
        if (!again) return check(name, body, true);
      }
      failures.push(name);
      console.log(`FAIL ${name}\n     ${told(error)}`);
    }
  }

  async function end() {
    await living.end();
    console.log(`${passed} passed, ${failures.length} failed`);
    process.exit(failures.length ? 1 : 0);
  }

  return { check, browser: () => living, end };
}

export function must(condition, text) {
  if (!condition) throw new Error(text);
}

/** Nothing on the console, no exception, no failed answer. */
export const quiet = (page) => must(page.complaints.length === 0, page.complaints.join("\n"));

/** The same, but for answers of a status that was asked for. */
export function quietBut(page, status) {
  const others = page.complaints.filter((text) => !text.startsWith(`${status} `) && !text.includes(`status of ${status} `));
  must(others.length === 0, others.join("\n"));
}

export async function accessible(page) {
  // Through the debugger, which the page's own script policy does not concern.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const lines = violations.map((v) => `${v.id}: ${v.help}\n  ${v.nodes.slice(0, 4).map((n) => `${n.target} ${n.any[0]?.message ?? ""}`).join("\n  ")}`);
  must(violations.length === 0, lines.join("\n"));
}

export async function notSideways(page) {
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  must(wide <= window, `the page is ${wide} px wide in a window of ${window} px`);
}
