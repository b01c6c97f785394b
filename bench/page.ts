/**
 * What the page costs with many flows: real server, real kernel, headless Chromium.
 * `node bench/page.ts [flows]`; with FLOWMGR_URL and FLOWMGR_TOKEN a server that runs already is asked.
 *
 * Counts (bytes, requests, nodes, long tasks) and time on the processor say the same on a busy machine; the clock
 * does not. "page" is the main thread of the page, "server" the server's process, both in milliseconds of CPU.
 */
import { type CDPSession, chromium, type Page } from "playwright";
import { machine } from "./machine.ts";
import { openProduct, type Product } from "./product.ts";

const CHROMIUM = {
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
};

/** Milliseconds after what was waited for, in which what an action sets off ends too: the analysis beside the page. */
const SETTLE = 4000;
/** A frame of 60 a second is drawn in this; a task beyond it is a frame lost. */
const LONG = 50;

const COLLECT = `new PerformanceObserver((list) => {
  globalThis.longTasks = [...(globalThis.longTasks ?? []), ...list.getEntries().map(({ duration }) => duration)];
}).observe({ type: "longtask" })`;

type Counts = { wall: number; page: number; server: number; down: number; up: number; calls: string[] };

/** Listens to all that the page's thread and its network do. */
async function watch(page: Page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  await cdp.send("Network.enable");
  const net = { down: 0, up: 0, calls: [] as string[] };
  cdp.on("Network.requestWillBeSent", ({ request }) => {
    const { pathname } = new URL(request.url);
    net.up += request.postData?.length ?? 0;
    if (pathname.startsWith("/api/")) net.calls.push(`${request.method} ${pathname.slice("/api/v1".length)}`);
  });
  cdp.on("Network.eventSourceMessageReceived", ({ data }) => {
    net.down += data.length;
  });
  cdp.on("Network.loadingFinished", ({ encodedDataLength }) => {
    net.down += encodedDataLength;
  });
  return { cdp, net };
}

async function metric(cdp: CDPSession, name: string): Promise<number> {
  const { metrics } = await cdp.send("Performance.getMetrics");
  return metrics.find((one) => one.name === name)?.value ?? Number.NaN;
}

async function measure(product: Product, page: Page, what: string, act: () => Promise<void>): Promise<void> {
  const { cdp, net } = await watch(page);
  await page.evaluate("globalThis.longTasks = []");
  const before = { page: await metric(cdp, "TaskDuration"), server: product.cpu() };
  const begin = performance.now();
  await act();
  const wall = performance.now() - begin;
  await page.waitForTimeout(SETTLE);
  const after = await metric(cdp, "TaskDuration");
  const cpu = after < before.page ? after : after - before.page;
  const tasks: number[] = await page.evaluate("globalThis.longTasks ?? []");
  const nodes: number = await page.evaluate("document.getElementsByTagName('*').length");
  const counts: Counts = { wall, page: cpu * 1000, server: product.cpu() - before.server, ...net };
  await cdp.detach();
  report(what, counts, tasks, nodes);
}

function report(what: string, counts: Counts, tasks: number[], nodes: number): void {
  const long = tasks.filter((duration) => duration > LONG);
  const cells = [
    what.padEnd(34),
    counts.wall.toFixed(0).padStart(6),
    counts.page.toFixed(0).padStart(6),
    `${long.length} (${Math.max(0, ...long).toFixed(0)})`.padStart(10),
    counts.server.toFixed(0).padStart(6),
    (counts.down / 1000).toFixed(1).padStart(8),
    (counts.up / 1000).toFixed(1).padStart(8),
    String(nodes).padStart(6),
    ` ${summed(counts.calls)}`,
  ];
  process.stdout.write(`${cells.join(" | ")}\n`);
}

/** `GET /status x3, GET /draft` */
function summed(calls: string[]): string {
  const times = new Map<string, number>();
  for (const call of calls) times.set(call, (times.get(call) ?? 0) + 1);
  return [...times].map(([call, count]) => (count > 1 ? `${call} x${count}` : call)).join(", ");
}

/** What shows that a place has opened: its address and what stands there. */
const PLACES: readonly [string, string][] = [
  ["/flows", "text=service-3"],
  ["/text", ".cm-line"],
  ["/lists", "h1:text-is('Lists'), h1:has-text('list')"],
  ["/test", "section[aria-label='Test']"],
  ["/review", "main h1"],
  ["/paths", "section[aria-label='Paths'] table"],
  [
    "/kernel",
    "section[aria-label='Kernel'] pre, section[aria-label='Kernel'] table, section[aria-label='Kernel'] code",
  ],
  ["/history", "section[aria-label='History'] li, section[aria-label='History'] tr"],
];

async function openings(product: Product, page: Page): Promise<void> {
  for (const [path, shows] of PLACES) {
    await measure(product, page, `opens ${path}, page anew`, async () => {
      await page.goto(product.url + path);
      await page
        .locator(shows)
        .first()
        .waitFor({ timeout: 120_000 })
        .catch(() => process.stdout.write(`${path}: nothing of ${shows}\n`));
    });
  }
}

async function flowsPlace(product: Product, page: Page): Promise<void> {
  await page.goto(`${product.url}/flows`);
  await page.locator("text=service-3").first().waitFor();
  await page.waitForTimeout(2 * SETTLE);
  const idle = () => page.waitForTimeout(20_000);
  await measure(product, page, "20 s of nothing, counters shown", idle);
  const search = page.getByRole("combobox", { name: "Search flows" });
  for (const [what, key] of [..."172.16.4"].entries()) {
    await measure(product, page, `key ${what + 1} in the search: ${key}`, () => search.press(key));
  }
  await search.fill("");
  await page.waitForTimeout(SETTLE);
  await measure(product, page, "scrolls 100 screens", async () => {
    await page.mouse.move(700, 400);
    for (let screen = 0; screen < 100; screen += 1) await page.mouse.wheel(0, 800);
  });
  await page.keyboard.press("Home");
  await page.goto(`${product.url}/flows`);
  await page.getByRole("switch").first().waitFor();
  await page.waitForTimeout(2 * SETTLE);
  for (const round of [1, 2, 3]) {
    await measure(product, page, `switches a flow, ${round}`, () =>
      page.getByRole("switch").nth(round).click(),
    );
  }
}

/** What another tab, or another admin, spends on an edit of somebody else. */
async function elsewhere(product: Product, page: Page): Promise<void> {
  await page.goto(`${product.url}/flows`);
  await page.getByRole("switch").first().waitFor();
  await page.waitForTimeout(2 * SETTLE);
  for (const round of [1, 2]) {
    await measure(product, page, `somebody else's edit arrives, ${round}`, async () => {
      await product.edit({ do: "switch", name: "service-3", on: round === 2 });
      await page.locator("text=/service-\\d+/").first().waitFor();
    });
  }
}

console.log(machine("iptables", "chromium"));
const product = await openProduct(Number(process.argv[2] ?? 10_000));
const browser = await chromium.launch(CHROMIUM);
try {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    reducedMotion: "reduce",
  });
  await context.request.post(`${product.url}/api/v1/session`, { data: { token: product.token } });
  // In the page that is there and in each that it goes to.
  await context.addInitScript(COLLECT);
  const page = await context.newPage();
  await page.goto(product.url);
  process.stdout.write(
    "what | ms | page CPU | long tasks (longest) | server CPU | kB down | kB up | nodes | calls\n",
  );
  const parts = process.env.FLOWMGR_PARTS?.split(",") ?? ["openings", "flows", "elsewhere"];
  if (parts.includes("openings")) await openings(product, page);
  if (parts.includes("flows")) await flowsPlace(product, page);
  if (parts.includes("elsewhere")) await elsewhere(product, page);
} finally {
  await browser.close();
  await product.close();
}
