/** The search of the list: by meaning, in the address, with completion; and what it finds can be changed. */
import type { Page } from "playwright/test";
import { expect, FIVE, type Lab, test } from "./lab.ts";
import { axe } from "./looks.ts";

const field = (page: Page) => page.getByRole("combobox", { name: "Search flows" });
const names = (page: Page) =>
  page
    .locator("[role=row][data-flow]")
    .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-flow")));

async function open(lab: Lab, page: Page) {
  expect((await lab.rest("PUT", "/api/v1/config", FIVE)).status).toBe(200);
  await expect(page.locator("[data-flow=mail]")).toBeVisible();
}

test("finds by what rules mean, marks the rule, says how many", async ({ lab, signedIn: page }) => {
  await open(lab, page);
  await field(page).fill("dst:192.168.0.2 port:25");
  await expect.poll(() => names(page)).toEqual(["mail"]);
  await expect(page.getByText("1 of 5 flows")).toBeVisible();
  await expect(page.locator("[data-flow=mail] [data-marked]")).toHaveText(/tcp to 192\.168\.0\.2 port 25/);
  await field(page).fill("192.168.0.77");
  // The range that ssh and ping exclude holds it: they speak of it.
  await expect.poll(() => names(page)).toEqual(["ssh", "ping"]);
  await field(page).fill("-policy:permit");
  await expect.poll(() => names(page)).toEqual(["mail", "alltherest"]);
  await field(page).fill("nowhere");
  await expect(page.getByRole("heading", { name: "No flow is found" })).toBeVisible();
  await page.getByRole("button", { name: "Clear the search" }).click();
  await expect.poll(async () => (await names(page)).length).toBe(5);
});

test("the search is the address: it can be opened, kept and gone back to", async ({
  lab,
  signedIn: page,
}) => {
  await open(lab, page);
  await field(page).click();
  await page.keyboard.type("policy:deny");
  await expect(page).toHaveURL(/\/flows\?q=policy:deny$/);
  await expect.poll(() => names(page)).toEqual(["alltherest"]);
  await page.locator("[data-flow=alltherest]").click();
  await expect(page).toHaveURL(/\/flows\/alltherest\?q=policy:deny$/);
  await expect(page.getByRole("complementary", { name: "Flow alltherest" })).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(/\/flows\?q=policy:deny$/);
  await page.goBack();
  await expect(page).toHaveURL(/\/flows$/);
  await expect(field(page)).toHaveValue("");
  await expect.poll(async () => (await names(page)).length).toBe(5);
  await page.goForward();
  await expect(field(page)).toHaveValue("policy:deny");
  await page.goto(`${lab.url}/flows?q=director:mail`);
  await expect.poll(() => names(page)).toEqual(["mail"]);
});

test("keys and values complete; a screen reader and axe find the field in order", async ({
  lab,
  signedIn: page,
}) => {
  await open(lab, page);
  await page.keyboard.press("/");
  await expect(field(page)).toBeFocused();
  await expect(page.getByRole("option", { name: /^icmp:/ })).toBeVisible();
  expect((await axe(page).analyze()).violations).toEqual([]);
  await page.keyboard.type("dire");
  // What was offered before is gone.
  await expect(page.getByRole("option", { name: /^icmp:/ })).toBeHidden();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(field(page)).toHaveValue("director:");
  await page.getByRole("option", { name: "director:maildirect" }).click();
  await expect(field(page)).toHaveValue("director:maildirect ");
  await expect.poll(() => names(page)).toEqual(["mail"]);
  await page.keyboard.press("Enter");
  await expect(page.locator("[data-flow=mail]")).toBeFocused();
});

test("flows without a hit are found as unused, and no longer once a packet came", async ({
  lab,
  signedIn: page,
}) => {
  await open(lab, page);
  await field(page).fill("unused name:ping");
  await expect.poll(() => names(page)).toEqual(["ping"]);
  lab.fromClient("ping", "-c", "2", "-i", "0.2", "192.168.0.1");
  // Its third rule takes the echo requests; the first two stay unused.
  // Where reading the counters is dear, they are read less often.
  await expect(page.locator("[data-flow=ping] [data-marked]")).toHaveCount(2, { timeout: 60_000 });
});

test("changes, warnings and switched-off flows have words of their own", async ({ lab, signedIn: page }) => {
  await open(lab, page);
  const changed = FIVE.replace("dst 192.168.0.2 dstport 110", "dst 192.168.0.2/24 dstport 110").replace(
    "flow dns permit",
    "flow dns skip permit",
  );
  expect((await lab.rest("PUT", "/api/v1/draft", changed, { "if-match": "*" })).status).toBe(200);
  await field(page).fill("changed");
  await expect.poll(() => names(page)).toEqual(["dns", "mail"]);
  await field(page).fill("warning");
  // The browser's own check says at once what is odd in mail; the server says a moment later that, without dns,
  // alltherest denies the answers to what the machine itself asks.
  await expect.poll(() => names(page)).toEqual(["mail", "alltherest"]);
  await field(page).fill("off");
  await expect.poll(() => names(page)).toEqual(["dns"]);
});
