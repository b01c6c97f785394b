/** What many flows, and a server that was upgraded meanwhile, do to the page. */
import type { Page } from "playwright/test";
import { applyForGood, expect, FIVE, setDraft, signIn, test } from "./lab.ts";

const MANY = Array.from(
  { length: 1200 },
  (_, index) => `flow f${index} deny match dst 10.1.${index >> 8}.${index & 255}`,
).join("\n");

test("an edit carries what it changes, there, back and to others", async ({
  lab,
  signedIn: page,
  browser,
}) => {
  await setDraft(lab, MANY);
  await expect(page.locator("[data-flow=f1]")).toBeVisible();
  const other = await browser.newContext();
  await signIn(other, lab);
  const two = await other.newPage();
  await two.goto(lab.url);
  await expect(two.locator("[data-flow=f1]")).toBeVisible();
  const whole: string[] = [];
  const sizes: number[] = [];
  for (const one of [page, two]) {
    one.on("request", (request) => {
      const { pathname } = new URL(request.url());
      if (pathname === "/api/v1/draft") whole.push(request.method());
      if (pathname === "/api/v1/draft/edits") sizes.push(request.postData()?.length ?? 0);
    });
    one.on("response", async (response) => {
      if (response.url().endsWith("/draft/edits")) sizes.push((await response.body()).length);
    });
  }
  const off = (state: string | RegExp) =>
    expect(two.locator("[data-flow=f1]")).toHaveAttribute("data-off", state);
  await page.locator("[data-flow=f1]").focus();
  await page.keyboard.press(" ");
  await off("true");
  // An undo is as small as the edit.
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(two.locator("[data-flow=f1]")).not.toHaveAttribute("data-off", "true");
  // A page that was left has no bodies of answers any more.
  await expect.poll(() => sizes.length).toBe(4);
  await page.goto(`${lab.url}/text`);
  await page.locator(".cm-line").first().waitFor();
  whole.length = 0;
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+Home");
  await page.keyboard.type("# typed\n");
  await expect
    .poll(async () => (await lab.rest("GET", "/api/v1/draft/flows/f0")).json)
    .toMatchObject({ comment: ["typed"] });
  await expect.poll(() => sizes.length).toBeGreaterThanOrEqual(6);
  expect(whole).toEqual([]);
  expect(Math.max(...sizes)).toBeLessThan(1000);
  await other.close();
});

test("the number of a row leaves its switch free, however long it is", async ({ lab, signedIn: page }) => {
  await setDraft(lab, MANY);
  const row = page.locator("[data-flow=f1199]");
  await expect(page.locator("[data-flow=f1]")).toBeVisible();
  await page.locator("[data-flow=f1]").focus();
  await page.keyboard.press("End");
  await expect(row).toBeVisible();
  for (const open of [false, true]) {
    // Beside an open panel there is less room.
    if (open) await row.press("Enter");
    await expect(page.getByRole("complementary")).toHaveCount(open ? 1 : 0);
    const number = row.getByRole("gridcell").nth(1);
    await expect(number).toHaveText(/^1200/);
    expect(await number.evaluate((cell) => cell.scrollWidth - cell.clientWidth)).toBeLessThanOrEqual(0);
  }
});

test("warnings that come to rows above leave what one reads where it is", async ({ lab, signedIn: page }) => {
  await setDraft(lab, MANY);
  await expect(page.locator("[data-flow=f1]")).toBeVisible();
  await page.mouse.move(700, 400);
  await page.mouse.wheel(0, 20_000);
  const row = page.locator("[data-flow=f530]");
  const scrolled = () =>
    page
      .getByRole("grid")
      .locator("..")
      .evaluate(({ scrollTop }) => scrollTop);
  await expect.poll(scrolled).toBe(20_000);
  await expect(row).toBeInViewport();
  const before = await row.boundingBox();
  // From here on no packet comes to the others: each of them says so in a line more.
  await setDraft(lab, MANY.replace("match dst 10.1.0.0", "match"));
  await expect(row).toContainText("never acts");
  await expect(row).toBeInViewport();
  const after = await row.boundingBox();
  // The rows between the first in sight and this one have grown too, by a line of 21 pixels each.
  expect((after?.y ?? 0) - (before?.y ?? 0)).toBeLessThan(8 * 21);
});

test("of many only what is seen is read and drawn", async ({ lab, signedIn: page }) => {
  await setDraft(lab, MANY);
  await applyForGood(lab);
  const directed = Array.from(
    { length: 300 },
    (_, at) => `flow f${at} director d${at} match dst 10.1.0.${at & 255}`,
  );
  await setDraft(lab, directed.join("\n"));
  const running: string[] = [];
  page.on("request", (request) => {
    const { pathname, search } = new URL(request.url());
    if (pathname === "/api/v1/running") running.push(search);
  });
  await page.goto(`${lab.url}/paths`);
  const rows = page.getByRole("table", { name: "Directors" }).locator("tbody tr");
  await expect(rows.first()).toBeVisible();
  expect(await rows.count()).toBeLessThan(300);
  const more = page.getByRole("button", { name: /^and \d+ more directors$/ });
  await expect(async () => {
    if (await more.isVisible()) await more.scrollIntoViewIfNeeded({ timeout: 1000 });
    expect(await rows.count()).toBe(300);
  }).toPass({ timeout: 60_000 });
  await page.goto(`${lab.url}/review`);
  await page.getByRole("tab", { name: "Text" }).click();
  const lines = page.getByRole("region", { name: "Text that changes" }).getByRole("row");
  await expect(lines.nth(1)).toBeVisible();
  expect(await lines.count()).toBeLessThan(500);
  await expect.poll(() => running).toEqual(["?against=draft", "?against=draft"]);
});

test("a part of the page that is gone after an upgrade says so and offers a reload", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, FIVE);
  await page.route("**/assets/history-*.js", (route) => route.fulfill({ status: 404, body: "gone" }));
  await page.getByRole("link", { name: "History" }).click();
  await expect(
    page.getByRole("heading", { name: "This part of the page could not be loaded" }),
  ).toBeVisible();
  // The frame stands, and so does the rest.
  await page.getByRole("link", { name: "Flows" }).click();
  await expect(page.locator("[data-flow=mail]")).toBeVisible();
  await page.getByRole("link", { name: "History" }).click();
  await page.unroute("**/assets/history-*.js");
  await page.getByRole("button", { name: "Reload the page" }).click();
  await expect(page.getByRole("region", { name: "History" })).toBeVisible();
});

test("at 360 pixels a thousand changes leave their buttons free", async ({ lab, signedIn: page }) => {
  await setDraft(lab, "");
  await applyForGood(lab);
  await setDraft(lab, MANY);
  await page.setViewportSize({ width: 360, height: 740 });
  const bar = page.getByRole("region", { name: "Changes not applied" });
  await expect(bar.getByRole("button", { name: /^1,200 changes/ })).toBeVisible();
  const boxes = await Promise.all(
    (await bar.getByRole("button").all()).map((button) => button.boundingBox()),
  );
  expect(boxes).toHaveLength(5);
  for (const [index, box] of boxes.entries()) {
    const end = (box?.x ?? Number.NaN) + (box?.width ?? Number.NaN);
    expect(end, `button ${index}`).toBeLessThanOrEqual((boxes[index + 1]?.x ?? 360) + 0.5);
  }
});

test("a tab that is opened later shows what was counted before, and what is counted from then on", async ({
  lab,
  signedIn: one,
}) => {
  const text =
    "flow quiet deny match dst 192.168.0.99\nflow probe permit match proto icmp src 192.168.0.10\n";
  await setDraft(lab, text);
  await applyForGood(lab);
  lab.fromClient("ping", "-c", "8", "-i", "0.01", "192.168.0.1");
  const hits = (page: Page) => page.locator("[data-flow=probe]");
  await expect(hits(one)).toContainText("8");
  const two = await one.context().newPage();
  await two.goto(lab.url);
  await expect(hits(two)).toContainText("8");
  lab.fromClient("ping", "-c", "69", "-i", "0.01", "192.168.0.1");
  for (const page of [one, two]) {
    await page.bringToFront();
    await expect(hits(page)).toContainText("77");
  }
});
