/** The undo list and what changed since running: it outlives a reload, and one flow can be put back alone. */
import type { Page } from "playwright/test";
import { expect, FIVE, test } from "./lab.ts";

async function openChanges(page: Page) {
  await page.getByRole("button", { name: /What changed since running/ }).click();
  return page.getByRole("dialog", { name: "What changed since running" });
}

const order = (page: Page) =>
  page
    .locator("[role=row][data-flow]")
    .evaluateAll((rows) => rows.map((one) => one.getAttribute("data-flow")));

test("each flow by its difference and each step, over a reload, back to any point", async ({
  lab,
  signedIn: page,
}) => {
  expect((await lab.rest("PUT", "/api/v1/config", FIVE)).status).toBe(200);
  // Counters come last: the page has all of it.
  await expect(page.locator("[data-flow=mail]")).toContainText("since");
  await page.locator("[data-flow=dns]").focus();
  await page.keyboard.press(" ");
  await page.locator("[data-flow=ping]").focus();
  await page.keyboard.press("Alt+ArrowUp");
  await page.locator("[data-flow=mail]").focus();
  await page.keyboard.press("Delete");
  await expect(page.getByRole("region", { name: "Changes not applied" })).toContainText("3 changes");

  await page.reload();
  let dialog = await openChanges(page);
  await expect(dialog.getByRole("listitem").filter({ hasText: "dns: " })).toContainText("switched off");
  await expect(dialog.getByRole("listitem").filter({ hasText: "mail: " })).toContainText("removed");
  const steps = dialog.getByRole("region", { name: /Step by step/ }).getByRole("button");
  await expect(steps).toHaveText([/remove mail/, /move ping up/, /switch dns off/, /Before all these steps/]);
  await dialog.getByRole("button", { name: "Put back mail" }).click();
  await expect(dialog.getByRole("listitem").filter({ hasText: "mail: " })).toBeHidden();
  await expect(steps.nth(0)).toContainText("put mail back");

  await steps.filter({ hasText: "switch dns off" }).click();
  await expect.poll(() => order(page)).toEqual(["ssh", "dns", "ping", "mail", "alltherest"]);
  await expect(page.locator("[data-flow=dns]")).toHaveAttribute("data-off", "true");
  dialog = await openChanges(page);
  await dialog.getByRole("button", { name: /remove mail/ }).click();
  await expect(page.locator("[data-flow=mail]")).toHaveAttribute("data-removed", "true");
  dialog = await openChanges(page);
  await dialog.getByRole("button", { name: /Before all these steps/ }).click();
  await expect(page.getByRole("region", { name: "Changes not applied" })).toContainText("No changes");
  await expect
    .poll(async () => (await lab.rest("GET", "/api/v1/status")).json)
    .toMatchObject({ draft: { changes: 0 } });
});

test("a discard says how much it drops, and undo brings it back", async ({ lab, signedIn: page }) => {
  expect((await lab.rest("PUT", "/api/v1/draft", FIVE, { "if-match": "*" })).status).toBe(200);
  await expect(page.locator("[data-flow=mail]")).toBeVisible();
  await page.getByRole("button", { name: "Discard" }).click();
  const dialog = page.getByRole("dialog", { name: "Discard 5 changes?" });
  await expect(dialog).toContainText("5 flows added");
  await dialog.getByRole("button", { name: "Discard" }).click();
  await expect(page.getByText("No flows: every packet goes on untouched")).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => order(page)).toEqual(["ssh", "dns", "ping", "mail", "alltherest"]);
  await expect
    .poll(async () => (await lab.rest("GET", "/api/v1/status")).json)
    .toMatchObject({ draft: { changes: 5 } });
});
