/** The order of flows by drag, keys and menu; what is dropped is what the kernel asks first. */
import type { Locator, Page } from "playwright/test";
import { expect, FIVE, type Lab, setDraft, test } from "./lab.ts";

const shown = (page: Page) =>
  page
    .locator("[role=row][data-flow]")
    .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-flow")));

async function draftNames(lab: Lab): Promise<string[]> {
  const { json } = await lab.rest("GET", "/api/v1/draft");
  return [...JSON.stringify(json).matchAll(/"kind":"flow","name":"([^"]+)"/g)].map((found) => found[1] ?? "");
}

const row = (page: Page, name: string): Locator => page.locator(`[data-flow=${name}]`);

async function middle(locator: Locator): Promise<{ x: number; y: number; top: number; bottom: number }> {
  const box = await locator.boundingBox();
  if (!box) throw new Error("it is not on the screen");
  const { x, y, width, height } = box;
  return { x: x + width / 2, y: y + height / 2, top: y, bottom: y + height };
}

/** Takes a row by its grip and holds it below the middle of another. */
async function dragBelow(page: Page, name: string, target: string) {
  const grip = await middle(row(page, name).locator("[data-grip]"));
  const to = await middle(row(page, target));
  await page.mouse.move(grip.x, grip.y);
  await page.mouse.down();
  await page.mouse.move(grip.x, grip.y + 12);
  await page.mouse.move(grip.x, to.bottom - 4, { steps: 4 });
}

/** Flows in the order in which the kernel asks them. */
function inKernel(lab: Lab): string[] {
  return lab
    .chains()
    .filter((line) => line.startsWith("-A FLOWS"))
    .flatMap((line) => /-j @(\S+)/.exec(line)?.[1] ?? []);
}

async function apply(page: Page, lab: Lab) {
  await page.getByRole("button", { name: /^Review/ }).click();
  const button = page.getByRole("button", { name: "Apply", exact: true });
  await expect(button).not.toHaveAttribute("aria-disabled", "true");
  await button.click();
  const keep = page.getByRole("region", { name: "Keep these rules?" });
  await keep.getByRole("button", { name: "Keep" }).click();
  await expect(keep).toBeHidden();
  expect(lab.chains()).not.toEqual([]);
}

test("a dragged flow stands in the kernel where it was dropped", async ({ lab, signedIn: page }) => {
  await setDraft(lab, FIVE);
  await expect(row(page, "mail")).toBeVisible();
  await dragBelow(page, "ssh", "mail");
  await page.mouse.up();
  const order = ["dns", "ping", "mail", "ssh", "alltherest"];
  await expect.poll(() => shown(page)).toEqual(order);
  await expect(page.getByText("ssh moved before alltherest")).toBeAttached();
  await expect(page.getByRole("complementary")).toHaveCount(0);
  await apply(page, lab);
  expect(inKernel(lab)).toEqual(order);
});

test("Escape puts a dragged flow back, and a click on the grip still opens its menu", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, FIVE);
  await expect(row(page, "mail")).toBeVisible();
  await dragBelow(page, "ssh", "mail");
  await expect(row(page, "ssh")).toHaveAttribute("data-dragged", "true");
  await page.keyboard.press("Escape");
  await expect(row(page, "ssh")).not.toHaveAttribute("data-dragged", "true");
  await page.mouse.up();
  expect(await draftNames(lab)).toEqual(["ssh", "dns", "ping", "mail", "alltherest"]);
  await row(page, "dns").getByRole("button", { name: "Actions of dns" }).click();
  await page.getByRole("menuitem", { name: "Move to top" }).click();
  await expect.poll(() => draftNames(lab)).toEqual(["dns", "ssh", "ping", "mail", "alltherest"]);
});

test("selected flows move together, by drag and by keys, each as one step", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, FIVE);
  await row(page, "ssh").click({ modifiers: ["Control"] });
  await row(page, "ping").click({ modifiers: ["Control"] });
  await expect(page.getByText("2 selected")).toBeVisible();
  await dragBelow(page, "ping", "mail");
  await page.mouse.up();
  await expect.poll(() => draftNames(lab)).toEqual(["dns", "mail", "ssh", "ping", "alltherest"]);
  await page.keyboard.press("Alt+ArrowUp");
  await expect.poll(() => draftNames(lab)).toEqual(["dns", "ssh", "ping", "mail", "alltherest"]);
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+z");
  await expect.poll(() => draftNames(lab)).toEqual(["ssh", "dns", "ping", "mail", "alltherest"]);
});

test("a drag scrolls a long list at its edge, to rows that did not exist before", async ({
  lab,
  signedIn: page,
}) => {
  // None of them makes another needless: a warning that comes while one drags would make its row higher.
  const names = Array.from({ length: 300 }, (_, index) => `f${index + 1}`);
  await setDraft(
    lab,
    names.map((name, at) => `flow ${name} permit match dst 10.0.${at >> 8}.${at & 255}\n`).join(""),
  );
  await expect(row(page, "f1")).toBeVisible();
  const grip = await middle(row(page, "f1").locator("[data-grip]"));
  const list = await middle(page.getByRole("grid").locator(".."));
  await page.mouse.move(grip.x, grip.y);
  await page.mouse.down();
  await page.mouse.move(grip.x, list.bottom - 4, { steps: 3 });
  await expect(row(page, "f300")).toBeVisible({ timeout: 60_000 });
  await page.mouse.move(grip.x, (await middle(row(page, "f300"))).bottom - 4);
  await page.mouse.up();
  await expect.poll(async () => (await draftNames(lab)).at(-1)).toBe("f1");
});

test("a new flow goes before a last one that takes everything", async ({ lab, signedIn: page }) => {
  await setDraft(lab, FIVE);
  await expect(row(page, "mail")).toBeVisible();
  await page.getByRole("button", { name: "+ Flow" }).click();
  await expect.poll(() => draftNames(lab)).toEqual(["ssh", "dns", "ping", "mail", "new-flow", "alltherest"]);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 740 } });

  test("a menu stands in for the drag", async ({ lab, signedIn: page }) => {
    await setDraft(lab, FIVE);
    await row(page, "mail").getByRole("button", { name: "Actions of mail" }).click();
    await page.getByRole("menuitem", { name: "Move before…" }).click();
    await page.getByRole("combobox", { name: "Flow", exact: true }).fill("dns");
    await page.getByRole("button", { name: "Move", exact: true }).click();
    await expect.poll(() => draftNames(lab)).toEqual(["ssh", "mail", "dns", "ping", "alltherest"]);
  });
});
