/**
 * The pictures of the README, of a server that runs already: `node e2e/pictures.ts URL TOKEN`, with the five flows and
 * some traffic in it. Writes docs/images.
 */
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright";

const IMAGES = join(import.meta.dirname, "../docs/images");
const [url = "", token = ""] = process.argv.slice(2);

type Look = { theme: "light" | "dark"; width: number; height: number };

async function open(browser: Browser, { theme, width, height }: Look): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: "reduce",
    deviceScaleFactor: 1,
  });
  await context.request.post(`${url}/api/v1/session`, { data: { token } });
  return context.newPage();
}

async function take(browser: Browser, name: string, path: string, look: Look): Promise<void> {
  const page = await open(browser, look);
  await page.goto(`${url}${path}`);
  await page.getByRole("navigation").first().waitFor();
  // Counters come with the stream, after the page itself, and a rate with the second reading: "…" until then.
  await page.waitForTimeout(3_000);
  await page.getByText("…", { exact: true }).first().waitFor({ state: "hidden", timeout: 120_000 });
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
  await page.context().close();
}

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
const desktop = { width: 1440, height: 900 };
await take(browser, "flows-light", "/", { theme: "light", ...desktop });
await take(browser, "flows-dark", "/flows/mail", { theme: "dark", ...desktop });
await take(browser, "review-light", "/review", { theme: "light", ...desktop });
await take(browser, "phone-light", "/", { theme: "light", width: 390, height: 844 });
await browser.close();
