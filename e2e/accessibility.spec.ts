import { expect, FIVE, setDraft, test } from "./lab.ts";
import { look } from "./looks.ts";

test.use({ fresh: true });

test("axe finds nothing and nothing is cut, in every place", async ({ lab, page }) => {
  const found: string[] = [];
  const see = async (what: string) => found.push(...(await look(page, what)));
  await page.goto(lab.url);
  await expect(page.getByLabel("Token")).toBeVisible();
  await see("sign-in");
  await page.goto(lab.loginLink());
  await expect(page.getByText("No flows: every packet goes on untouched")).toBeVisible();
  await see("empty");
  expect((await lab.rest("PUT", "/api/v1/config", FIVE)).status).toBe(200);
  await setDraft(lab, `${FIVE}flow web permit match proto tcp dst 192.168.0.77/24 dstport 80`);
  await expect(page.locator("[data-flow=web]")).toBeVisible();
  await see("flows");
  await page.locator("[data-flow=mail]").click();
  await expect(page.getByRole("complementary", { name: "Flow mail" })).toBeVisible();
  await see("panel");
  for (const place of [
    "text",
    "review",
    "history",
    "history/1",
    "history/1?to=draft",
    "paths",
    "kernel",
    "kernel?view=routing",
    "kernel?view=drift",
  ]) {
    await page.goto(`${lab.url}/${place}`);
    await expect(page.getByRole("heading", { level: 1 })).toBeAttached();
    await expect(page.locator("main")).not.toBeEmpty();
    await see(place);
  }
  const etag = Object((await lab.rest("GET", "/api/v1/draft")).json).etag;
  expect((await lab.rest("POST", "/api/v1/apply", { etag, confirmWithin: 60 })).status).toBe(200);
  await expect(page.getByRole("region", { name: "Keep these rules?" })).toBeVisible();
  await see("countdown");
  expect(found).toEqual([]);
});
