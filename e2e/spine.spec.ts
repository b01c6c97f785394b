/** The main job: text or form to the kernel and back. After each step the kernel is read. */
import type { Page } from "playwright/test";
import { expect, FIVE, test } from "./lab.ts";

/** Before a first apply nothing of ours is there; afterwards the main chains stay. */
const UNTOUCHED: string[] = [];
const EMPTY = [":FLOWS - [0:0]", ":OUTFLOWS - [0:0]"];

async function go(page: Page, place: string) {
  await page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: place }).click();
}

/** Replaces what stands in the editor, as a paste does: typing would indent. */
async function enterText(page: Page, text: string) {
  const editor = page.getByRole("textbox", { name: "The flows as text" });
  await editor.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(text);
}

async function applyWithin(page: Page, seconds: "30" | "60" | null) {
  await go(page, "Review");
  if (seconds) await page.getByLabel("Unless confirmed within").selectOption(seconds);
  const apply = page.getByRole("button", { name: "Apply", exact: true });
  await expect(apply).not.toHaveAttribute("aria-disabled", "true");
  await apply.click();
}

test.describe("with a short time to confirm", () => {
  test.use({ flags: ["--confirm-within", "10"] });

  test("five examples by text, applied, unanswered, gone; applied again, kept", async ({
    lab,
    signedIn: page,
  }) => {
    expect(lab.chains()).toEqual(UNTOUCHED);
    await go(page, "Text");
    await enterText(page, FIVE);
    await go(page, "Review");
    await expect(page.getByRole("heading", { level: 1 })).toContainText("5 flows added");
    expect(lab.chains()).toEqual(UNTOUCHED);

    await applyWithin(page, null);
    const question = page.getByRole("region", { name: "Keep these rules?" });
    await expect(question).toContainText("in a private namespace and touch nobody's way in.");
    await expect(question).not.toContainText("SSH");
    expect(lab.chains()).toContain("-A @dns -d 192.168.0.1/32 -p udp -m udp --dport 53 -j ACCEPT");
    expect(lab.chains()).toContain("-A @alltherest -j DROP");

    await expect(page.getByRole("region", { name: "The old rules are back" })).toBeVisible({
      timeout: 30_000,
    });
    expect(lab.chains()).toEqual(EMPTY);
    await go(page, "Flows");
    await expect(page.locator("[data-flow=alltherest]")).toBeVisible();

    await applyWithin(page, null);
    await page
      .getByRole("region", { name: "Keep these rules?" })
      .getByRole("button", { name: "Keep" })
      .click();
    await expect(page.getByRole("region", { name: "Keep these rules?" })).toBeHidden();
    await expect(page.getByRole("status").filter({ hasText: "in sync" })).toBeVisible();
    const kept = lab.chains();
    expect(kept).toContain("-A @ssh ! -s 192.168.0.0/24 -j RETURN");
    // Longer than the time to confirm: nothing may be left that goes back.
    await page.waitForTimeout(12_000);
    expect(lab.chains()).toEqual(kept);
    await go(page, "History");
    await expect(page.getByRole("listitem").filter({ hasText: "in force" })).toHaveCount(1);
    await expect(page.getByRole("listitem").filter({ hasText: "taken back, no answer" })).toHaveCount(1);
  });

  test("a killed server goes back in time all the same", async ({ lab, signedIn: page }) => {
    await go(page, "Text");
    await enterText(page, "flow deny-all deny\n  match\n");
    await applyWithin(page, null);
    await expect(page.getByRole("region", { name: "Keep these rules?" })).toBeVisible();
    expect(lab.chains()).toContain("-A @deny-all -j DROP");
    await lab.killAndRestart();
    await expect.poll(() => lab.chains(), { timeout: 20_000 }).toEqual(EMPTY);
    await expect(page.getByRole("region", { name: "The old rules are back" })).toBeVisible({
      timeout: 30_000,
    });
  });
});

test("a flow by form, in order by keys, seen in the kernel, with its packets counted", async ({
  lab,
  signedIn: page,
}) => {
  await page.getByRole("button", { name: "Load the five examples" }).click();
  await page.getByRole("button", { name: "+ Flow" }).click();
  const panel = page.getByRole("complementary");
  await panel.getByLabel("Name").fill("web");
  await panel.getByLabel("Name").press("Enter");
  await page.getByRole("complementary", { name: "Flow web" }).getByRole("radio", { name: "permit" }).check();
  const web = page.getByRole("complementary", { name: "Flow web" });
  await web.getByRole("button", { name: "+ Rule" }).click();
  await addCondition(page, "port", "80");
  await expect(web).toContainText("match proto tcp dstport 80");
  await web.getByRole("switch", { name: "web is on" }).click();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");

  const row = page.locator("[data-flow=web]");
  await row.focus();
  const names = () =>
    page
      .locator("[role=row][data-flow]")
      .evaluateAll((rows) => rows.map((one) => one.getAttribute("data-flow")));
  const start = (await names()).indexOf("web");
  if (start > 0) for (let i = 0; i < start; i++) await page.keyboard.press("Alt+ArrowUp");
  else await page.keyboard.press("Alt+ArrowDown");
  await expect.poll(async () => (await names()).indexOf("web")).toBe(start > 0 ? 0 : 1);
  await page.keyboard.press("Control+z");
  await expect.poll(async () => (await names()).indexOf("web")).toBe(start > 0 ? 1 : 0);
  await page.keyboard.press("Control+Shift+z");
  await expect.poll(async () => (await names()).indexOf("web")).toBe(start > 0 ? 0 : 1);
  const shown = await names();

  await applyWithin(page, null);
  await page.getByRole("region", { name: "Keep these rules?" }).getByRole("button", { name: "Keep" }).click();
  await expect(page.getByRole("region", { name: "Keep these rules?" })).toBeHidden();
  const jumps = lab.chains().filter((line) => line.startsWith("-A FLOWS") && line.includes("-j @"));
  const order = jumps.map((line) => line.split("-j @")[1]);
  expect(order).toEqual(shown);
  expect(lab.chains()).toContain("-A @web -p tcp -m tcp --dport 80 -j ACCEPT");

  await go(page, "Flows");
  lab.fromClient("ping", "-c", "3", "-i", "0.2", "192.168.0.1");
  const ping = page.locator("[data-flow=ping]");
  await expect(ping.getByRole("gridcell").last()).toContainText("3");
  await expect(ping.getByTitle(/^3 packets since .+, the last .+$/)).toBeVisible();
});

async function addCondition(page: Page, name: string, value: string) {
  await page.getByRole("button", { name: /Add a condition to rule 1/ }).click();
  await page.getByRole("menuitem", { name, exact: true }).first().click();
  await page.keyboard.type(value);
  await page.keyboard.press("Enter");
}

test("what is wrong in the text stays in the browser and out of the draft and the kernel", async ({
  lab,
  signedIn: page,
}) => {
  const before = lab.chains();
  await go(page, "Text");
  await enterText(page, FIVE);
  await expect
    .poll(async () => (await lab.rest("GET", "/api/v1/draft/flows")).json)
    .toMatchObject({
      flows: [{ name: "ssh" }, { name: "dns" }, { name: "ping" }, { name: "mail" }, { name: "alltherest" }],
    });
  await enterText(page, `${FIVE}flow bad permit\n  match dst 10.0.0.300\n`);
  await expect(page.getByText(/10\.0\.0\.300/).last()).toBeVisible();
  await page.reload();
  await expect(page.getByRole("textbox", { name: "The flows as text" })).toContainText("10.0.0.300");
  await go(page, "Flows");
  await expect(page.getByText(/Text has 1 error/)).toBeVisible();
  expect(JSON.stringify((await lab.rest("GET", "/api/v1/draft")).json)).not.toContain("10.0.0.300");
  expect(lab.chains()).toEqual(before);
});

test("a change behind the page's back is seen", async ({ lab, signedIn: page }) => {
  const put = await lab.rest("PUT", "/api/v1/config", FIVE);
  expect(put.status).toBe(200);
  await expect(page.getByRole("status").filter({ hasText: "in sync" })).toBeVisible();
  lab.inside("iptables", "-w", "5", "-t", "mangle", "-F", "@alltherest");
  // The rest between two looks grows with what a look costs.
  await expect(page.getByRole("status").filter({ hasText: "drift" })).toBeVisible({ timeout: 120_000 });
});

test("another's edit arrives without a reload", async ({ lab, signedIn: page }) => {
  await expect(page.getByText("No flows: every packet goes on untouched")).toBeVisible();
  const put = await lab.rest("PUT", "/api/v1/draft", "flow elsewhere permit match dst 192.0.2.1", {
    "if-match": "*",
  });
  expect(put.status).toBe(200);
  await expect(page.locator("[data-flow=elsewhere]")).toBeVisible();
});
