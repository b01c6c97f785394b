/** What one sees: nothing lies over what one reads, nothing that matters is cut, nothing reads as its opposite. */
import type { Locator } from "playwright/test";
import { expect, FIVE, setDraft, test } from "./lab.ts";

const LONG =
  "who asked for it, and when it may go again, in more words than one line of a panel has room for";

async function boxOf(locator: Locator) {
  const box = await locator.boundingBox();
  if (!box) throw new Error("it is not on the screen");
  return { ...box, right: box.x + box.width, bottom: box.y + box.height };
}

test("a panel says what is there: no word that is not, no half comment, a warning as a warning", async ({
  lab,
  signedIn: page,
}) => {
  const errors: string[] = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  const names = "a".repeat(27);
  await setDraft(lab, `# ${LONG}\nflow ${names} table 4711\n  match proto tcp not dst 192.168.0.1\n`);
  await page.goto(`${lab.url}/flows/${names}`);
  const panel = page.getByRole("complementary", { name: `Flow ${names}` });
  await expect(panel.getByRole("button", { name: "not, protocol, rule 1" })).toHaveText("+ not");
  await expect(panel.getByRole("button", { name: "not, to address, rule 1" })).toHaveText("not");
  const comment = panel.getByRole("textbox", { name: "Comment", exact: true });
  expect(await comment.evaluate((area) => area.scrollHeight - area.clientHeight)).toBe(0);
  expect((await boxOf(comment)).height).toBeGreaterThan(50);
  // Not squeezed by the name beside it.
  expect((await boxOf(panel.getByRole("switch"))).width).toBe(28);
  const table = panel.getByRole("combobox", { name: /^Routing table/ });
  await expect(table).toHaveAccessibleDescription(/4711 is empty/);
  await expect(table).not.toHaveAttribute("aria-invalid", "true");
  await expect(page).toHaveTitle(/^Flows · ./);
  // The policy of what may be run is not asked at each opening for what it forbids.
  expect(errors).toEqual([]);
});

test("a tablet shows the whole row beside a panel, and a phone's message lies over no row", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, FIVE);
  await page.setViewportSize({ width: 1024, height: 768 });
  await page.goto(`${lab.url}/flows/mail`);
  const panel = await boxOf(page.getByRole("complementary", { name: "Flow mail" }));
  for (const part of [
    page.getByRole("button", { name: "+ Flow" }),
    page.getByRole("button", { name: "Actions of ssh" }),
  ]) {
    expect((await boxOf(part)).right).toBeLessThan(panel.x);
  }
  await page.keyboard.press("Escape");
  // A window of 1440 at 200 %.
  await page.setViewportSize({ width: 720, height: 450 });
  const takes = page.locator("[data-flow=ssh]").getByRole("gridcell").filter({ hasText: "ignore" });
  await expect.poll(async () => (await boxOf(takes)).width).toBeGreaterThan(400);
  await page.setViewportSize({ width: 390, height: 480 });
  await page.getByRole("button", { name: "Actions of dns" }).click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  const message = page.getByText("dns removed");
  await expect(message).toBeVisible();
  await expect(page.locator("[data-flow=dns]")).toHaveCount(0);
  const grid = await boxOf(page.getByRole("main"));
  expect((await boxOf(message)).y).toBeGreaterThanOrEqual(grid.bottom);
});

test("a flow gone to by its address stays in sight when warnings make the rows above it higher", async ({
  lab,
  signedIn: page,
}) => {
  const flows = Array.from({ length: 200 }, (_, at) => `flow f${at} table 4711\n  match dst 10.0.0.${at}\n`);
  await setDraft(lab, flows.join("\n"));
  await page.goto(`${lab.url}/flows/f150`);
  await expect(page.locator("[data-flow=f150]")).toContainText("4711 is empty");
  await expect(page.locator("[data-flow=f150]")).toBeInViewport({ ratio: 1 });
});

test("the line that one types in stays in sight, and what is read-only leads to what mends it", async ({
  lab,
  signedIn: page,
}) => {
  const flows = Array.from({ length: 30 }, (_, at) => `flow f${at} permit\n  match dst 10.0.0.${at}\n`);
  await setDraft(lab, flows.join("\n"));
  await page.goto(`${lab.url}/text`);
  await page.getByRole("textbox", { name: "The flows as text" }).click();
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText("\nflow bad permitt\n  match proto tpc dst 300.1.1.1");
  await expect(page.getByText("3 errors, not in the draft")).toBeVisible();
  await expect(page.getByRole("region", { name: "Errors and warnings" })).toBeVisible();
  const editor = page.locator(".cm-scroller");
  await expect
    .poll(async () => (await boxOf(editor)).bottom - (await boxOf(page.locator(".cm-activeLine"))).bottom)
    .toBeGreaterThanOrEqual(0);
  await page.getByRole("link", { name: "Flows" }).click();
  await page.getByRole("link", { name: "Go to Text" }).click();
  await expect(page.getByText("3 errors, not in the draft")).toBeVisible();
});

test.describe("by finger", () => {
  test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 780 } });

  test("what takes a value or a condition away is as wide as a finger needs, and nothing is cut", async ({
    lab,
    signedIn: page,
  }) => {
    await setDraft(
      lab,
      "flow mail permit\n  match proto tcp dst 192.168.0.2 dstport { 25, 110, 143, 10000:20000 }\n",
    );
    await page.goto(`${lab.url}/flows/mail`);
    const panel = page.getByRole("complementary", { name: "Flow mail" });
    for (const name of ["Remove 110", "Remove port, rule 1", "Remove protocol, rule 1"]) {
      const box = await boxOf(panel.getByRole("button", { name }));
      expect([name, box.width, box.height >= 28]).toEqual([name, 30, true]);
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    await panel.getByRole("button", { name: "Remove 110" }).tap();
    await expect(panel).toContainText("dstport { 25, 143, 10000:20000 }");
  });
});
