/** The command palette and the templates, by the keyboard alone; the kernel is read after an apply. */
import type { Page } from "playwright/test";
import { expect, test } from "./lab.ts";

async function choose(page: Page, typed: string) {
  await page.keyboard.press("Control+k");
  const field = page.getByRole("combobox", { name: "Action, place, flow or list" });
  await expect(field).toBeFocused();
  await page.keyboard.type(typed);
  await page.keyboard.press("Enter");
  await expect(field).toBeHidden();
}

test("from nothing to rules in the kernel without the mouse", async ({ lab, signedIn: page }) => {
  await expect(page.getByText("No flows: every packet goes on untouched")).toBeVisible();
  await choose(page, "new from template");
  await page.getByRole("button", { name: /^The five examples/ }).press("Enter");
  await page.getByRole("button", { name: "Insert" }).press("Enter");
  await expect(page.locator("[data-flow=alltherest]")).toBeVisible();

  await choose(page, "template");
  await page.getByRole("button", { name: /^Web server/ }).press("Enter");
  const host = page.getByRole("combobox", { name: "Address of the service" });
  await expect(host).toBeFocused();
  await host.fill("192.168.0.300");
  await expect(page.getByRole("alert").filter({ hasText: "300" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Insert" })).toBeDisabled();
  await host.fill("192.168.0.2");
  await page.getByRole("button", { name: "Insert" }).press("Enter");
  await expect(page.getByRole("complementary", { name: "Flow web" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("complementary")).toBeHidden();

  await choose(page, "go to flow ping");
  await expect(page.getByRole("complementary", { name: "Flow ping" })).toBeVisible();
  await choose(page, "switch off");
  await choose(page, "review and apply");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("6 flows added");
  await expect(page.getByRole("button", { name: "Apply", exact: true })).not.toHaveAttribute(
    "aria-disabled",
    "true",
  );
  await choose(page, "apply now");
  await page.getByRole("region", { name: "Keep these rules?" }).getByRole("button", { name: "Keep" }).click();
  await expect(page.getByRole("region", { name: "Keep these rules?" })).toBeHidden();
  const jumps = lab.chains().filter((line) => line.startsWith("-A FLOWS") && line.includes("-j @"));
  expect(jumps.map((line) => line.split("-j @")[1])).toEqual(["ssh", "dns", "mail", "web", "alltherest"]);
  expect(lab.chains()).toContain("-A @web -d 192.168.0.2/32 -p tcp -m multiport --dports 80,443 -j ACCEPT");
});

test("what cannot be done is shown with its reason, and what was used comes first", async ({
  signedIn: page,
}) => {
  await page.keyboard.press("Control+k");
  const undo = page.getByRole("option", { name: /^Undo/ });
  await expect(undo).toHaveAttribute("aria-disabled", "true");
  await expect(undo).toContainText("Nothing to undo.");
  await page.keyboard.press("Escape");
  await choose(page, "theme dark");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.keyboard.press("Control+k");
  await page.keyboard.press("Escape");
  await choose(page, "go to history");
  await expect(page).toHaveURL(/\/history/);
  await page.getByRole("button", { name: /^Command palette/ }).click();
  await expect(page.getByRole("option").nth(0)).toHaveAttribute("aria-selected", "true");
});

test("among thousands of flows one is found by its name, on a phone too", async ({ lab, signedIn: page }) => {
  const text = Array.from({ length: 3000 }, (_, at) => `flow f-${at} permit\n  match dst 10.0.0.1\n`).join(
    "",
  );
  expect((await lab.rest("PUT", "/api/v1/draft", text, { "if-match": "*" })).status).toBe(200);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.getByRole("button", { name: /^Command palette/ }).click();
  const box = await page.getByRole("dialog", { name: "Command palette" }).boundingBox();
  expect(box?.width).toBe(360);
  await page.keyboard.type("f-2718");
  await expect(page.getByRole("option").nth(0)).toContainText("f-2718");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("complementary", { name: "Flow f-2718" })).toBeVisible();
});
