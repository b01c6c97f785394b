/** Many flows at once: selected by clicks and keys, changed as one step, and so in the kernel. */
import type { Page } from "playwright/test";
import { draftJson, expect, FIVE, type Lab, test } from "./lab.ts";
import { axe } from "./looks.ts";

const row = (page: Page, name: string) => page.locator(`[data-flow=${name}]`);
const bar = (page: Page) => page.getByRole("region", { name: "Selected flows" });

async function open(lab: Lab, page: Page) {
  expect((await lab.rest("PUT", "/api/v1/config", FIVE)).status).toBe(200);
  await expect(row(page, "mail")).toBeVisible();
}

async function apply(page: Page) {
  await page.getByRole("button", { name: /^Review/ }).click();
  const button = page.getByRole("button", { name: "Apply", exact: true });
  await expect(button).not.toHaveAttribute("aria-disabled", "true");
  await button.click();
  const keep = page.getByRole("region", { name: "Keep these rules?" });
  await keep.getByRole("button", { name: "Keep" }).click();
  await expect(keep).toBeHidden();
}

const selected = (page: Page) =>
  page
    .locator("[data-flow][aria-selected=true]")
    .evaluateAll((rows) => rows.map((one) => one.getAttribute("data-flow")));

test("clicks and keys select; what the search hides is not selected", async ({ lab, signedIn: page }) => {
  await open(lab, page);
  await row(page, "ssh").getByRole("checkbox").check();
  await row(page, "ping").click({ modifiers: ["Shift"] });
  await expect.poll(() => selected(page)).toEqual(["ssh", "dns", "ping"]);
  await row(page, "dns").click({ modifiers: ["Control"] });
  await expect.poll(() => selected(page)).toEqual(["ssh", "ping"]);
  await page.keyboard.press("Escape");
  await expect(bar(page)).toBeHidden();

  await row(page, "dns").focus();
  await page.keyboard.press("x");
  await expect.poll(() => selected(page)).toEqual(["dns"]);
  await page.keyboard.press("Shift+ArrowDown");
  await expect.poll(() => selected(page)).toEqual(["dns", "ping"]);
  await page.keyboard.press("Shift+J");
  await expect.poll(() => selected(page)).toEqual(["dns", "ping", "mail"]);
  await expect(bar(page)).toContainText("3 selected");
  await page.keyboard.press("Shift+K");
  await expect.poll(() => selected(page)).toEqual(["dns", "ping"]);

  await page.getByRole("combobox", { name: "Search flows" }).fill("policy:permit");
  await expect(row(page, "mail")).toBeHidden();
  await page.keyboard.press("Enter");
  await expect(row(page, "ssh")).toBeFocused();
  await page.keyboard.press("Control+a");
  await expect(bar(page)).toContainText("3 selected");
  await page.getByRole("combobox", { name: "Search flows" }).fill("dns");
  await expect(bar(page)).toContainText("1 selected");
});

test("one value replaced in many flows is one step, and all of it reaches the kernel", async ({
  lab,
  signedIn: page,
}) => {
  await open(lab, page);
  await row(page, "ssh").focus();
  await page.keyboard.press("Control+a");
  await bar(page).getByRole("button", { name: "Change a field…" }).click();
  const dialog = page.getByRole("dialog", { name: "Change 5 flows" });
  await dialog.getByRole("combobox", { name: "This value" }).fill("192.168.0.1");
  await dialog.getByRole("combobox", { name: "By this one" }).fill("192.168.0.7");
  await expect(dialog).toContainText("To change: 3 flows, 4 rules. 2 flows stay the same.");
  expect((await axe(page).include("dialog").analyze()).violations).toEqual([]);
  await dialog.getByRole("button", { name: "Change 3 flows" }).click();
  await expect.poll(() => draftJson(lab)).not.toContain('"192.168.0.1"');
  await page.keyboard.press("Control+z");
  await expect.poll(() => draftJson(lab)).not.toContain('"192.168.0.7"');
  await page.keyboard.press("Control+Shift+z");
  await expect.poll(() => draftJson(lab)).toContain('"192.168.0.7"');
  await apply(page);
  expect(lab.chains()).toContain("-A @dns -d 192.168.0.7/32 -p udp -m udp --dport 53 -j ACCEPT");
  expect(lab.chains().filter((line) => line.includes("192.168.0.1/32"))).toEqual([]);
});

test("a change that one rule forbids changes none, and says which", async ({ lab, signedIn: page }) => {
  await open(lab, page);
  const before = await draftJson(lab);
  await row(page, "dns").click({ modifiers: ["Control"] });
  await row(page, "ping").click({ modifiers: ["Control"] });
  await bar(page).getByRole("button", { name: "Change a field…" }).click();
  const dialog = page.getByRole("dialog", { name: "Change 2 flows" });
  await dialog.getByRole("combobox", { name: "What" }).selectOption("Set a condition");
  await dialog.getByRole("combobox", { name: "Condition" }).selectOption("dstport");
  await dialog.getByRole("combobox", { name: "Value" }).fill("53");
  await dialog.getByRole("combobox", { name: "Where" }).selectOption("in all rules");
  await expect(dialog).toContainText("Not possible. ping, rule 1:");
  // It is not natively disabled, so that its reason can be reached; a press does nothing.
  await dialog.getByRole("button", { name: /^Change/ }).click({ force: true });
  await expect(dialog).toBeVisible();
  expect(await draftJson(lab)).toBe(before);
});

test("switched off, removed and undone together", async ({ lab, signedIn: page }) => {
  await open(lab, page);
  await row(page, "ssh").click({ modifiers: ["Control"] });
  await row(page, "ping").click({ modifiers: ["Shift"] });
  await bar(page).getByRole("button", { name: "Switch off" }).click();
  await expect(page.locator("[data-flow][data-off]")).toHaveCount(3);
  await page.keyboard.press("Control+z");
  await expect(page.locator("[data-flow][data-off]")).toHaveCount(0);
  await page.keyboard.press("Delete");
  const dialog = page.getByRole("dialog", { name: "Remove 3 flows?" });
  await expect(dialog).toContainText("ssh, dns, ping");
  await dialog.getByRole("button", { name: "Remove 3 flows" }).click();
  await expect(bar(page)).toBeHidden();
  await apply(page);
  const chains = lab.chains().filter((line) => /^:@[a-z]/.test(line));
  expect(chains.map((line) => line.split(" ")[0])).toEqual([":@alltherest", ":@mail"]);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 740 } });

  test("a row's menu begins to select, taps go on, and one menu acts", async ({ lab, signedIn: page }) => {
    await open(lab, page);
    await row(page, "ssh").getByRole("button", { name: "Actions of ssh" }).click();
    await page.getByRole("menuitem", { name: "Select" }).click();
    await row(page, "dns").click();
    await expect(bar(page)).toContainText("2 selected");
    await bar(page).getByRole("button", { name: "Actions of the selected flows" }).click();
    await page.getByRole("menuitem", { name: "Move to end" }).click();
    await expect
      .poll(() =>
        page
          .locator("[role=row][data-flow]")
          .evaluateAll((rows) => rows.map((one) => one.getAttribute("data-flow"))),
      )
      .toEqual(["ping", "mail", "alltherest", "ssh", "dns"]);
    expect((await axe(page).analyze()).violations).toEqual([]);
    await bar(page).getByRole("button", { name: "Select nothing" }).click();
    await expect(bar(page)).toBeHidden();
  });
});
