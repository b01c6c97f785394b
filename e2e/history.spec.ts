/** History: any revision beside any other, beside what is in force and beside the draft. */
import { expect, test } from "./lab.ts";

test.use({ fresh: true });

const web = (port: number) => `flow web permit\n  match proto tcp dst 192.168.0.1 dstport ${port}\n`;

test("a revision beside the one before it, any other, and the draft", async ({ lab, signedIn: page }) => {
  for (const port of [81, 82, 83]) {
    expect((await lab.rest("PUT", `/api/v1/config?message=port%20${port}`, web(port))).status).toBe(200);
  }
  await page.goto(`${lab.url}/history`);
  await expect(page.getByRole("listitem")).toHaveCount(3);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/history\/2$/);
  await expect(page.getByText("From revision 1 to revision 2: 1 flow changed")).toBeVisible();
  const rows = page.getByRole("region", { name: "Text that changes" }).getByRole("row");
  await expect(rows.filter({ hasText: "dstport 82" })).toContainText("dstport 81");

  await page.getByRole("tab", { name: "Compare" }).click();
  await expect(page).toHaveURL(/to=running$/);
  await expect(page.getByText("From revision 2 to revision 3:")).toBeVisible();

  expect(
    (await lab.rest("PUT", "/api/v1/draft", `${web(83)}flow new deny match`, { "if-match": "*" })).status,
  ).toBe(200);
  const other = page.getByRole("combobox", { name: "Compare revision 2 with" });
  await other.fill("draft");
  await other.press("Enter");
  await expect(page).toHaveURL(/to=draft$/);
  await expect(page.getByText(/From revision 2 to the draft: 1 flow added, 1 changed/)).toBeVisible();
  // A change to the draft is a change to the comparison.
  expect((await lab.rest("PUT", "/api/v1/draft", web(82), { "if-match": "*" })).status).toBe(200);
  await expect(page.getByText(/From revision 2 to the draft: No change/)).toBeVisible();

  await other.fill("yesterday");
  await expect(page.getByText("Write a revision's number, running or draft.")).toBeVisible();
  await page.goto(`${lab.url}/history/1?to=3`);
  await expect(rows.filter({ hasText: "dstport 83" })).toContainText("dstport 81");
  await page.goto(`${lab.url}/history/1`);
  await expect(page.getByText("It is the first one")).toBeVisible();
});

test("a long history comes page by page, and an old revision knows the one before it", async ({
  lab,
  signedIn: page,
}) => {
  test.slow();
  for (let port = 1; port <= 55; port++) await lab.rest("PUT", "/api/v1/config", web(port));
  await page.goto(`${lab.url}/history`);
  await expect(page.getByRole("listitem")).toHaveCount(50);
  await page.getByRole("button", { name: "Older" }).click();
  await expect(page.getByRole("listitem")).toHaveCount(55);
  await page.goto(`${lab.url}/history/3`);
  await expect(page.getByText("From revision 2 to revision 3:")).toBeVisible();
});
