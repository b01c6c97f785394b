/** A plan is of what is in force now; what was in force a moment ago must never be taken for it. */
import { expect, FIVE, test } from "./lab.ts";

test.use({ fresh: true });

test("when the old rules come back, Review never says that nothing would change", async ({
  lab,
  signedIn: page,
}) => {
  // Without events only the status tells the page that the old rules are back.
  await page.route("**/api/v1/events*", (route) => route.abort());
  const written = await lab.rest("PUT", "/api/v1/draft", FIVE, { "if-match": "*" });
  expect(written.status).toBe(200);
  await page.goto(`${lab.url}/review`);
  const headline = page.getByRole("heading", { level: 1 });
  await expect(headline).toContainText("5 flows added");
  const etag =
    typeof written.json === "object" && written.json !== null && "etag" in written.json
      ? written.json.etag
      : null;
  const applied = await lab.rest("POST", "/api/v1/apply", { etag, confirmWithin: 600 });
  expect(applied).toMatchObject({ status: 200, json: { revision: 1 } });
  await page.reload();
  const question = page.getByRole("region", { name: "Keep these rules?" });
  await expect(question).toBeVisible();
  await expect(headline).toContainText(/no change/i);
  const timer = question.getByRole("timer");
  await expect(timer).toHaveAccessibleName(/^(600|[45]\d\d) seconds left$/);
  // Somebody sets the clock of the browser's machine.
  await page.evaluate(() => {
    const { now } = Date;
    Date.now = () => now() + 86_400_000;
  });
  const seconds = await timer.textContent();
  await expect(timer).not.toHaveText(seconds ?? "");
  await expect(timer).toHaveAccessibleName(/^[45]\d\d seconds left$/);

  expect((await lab.rest("POST", "/api/v1/apply/revert", { revision: 1 })).status).toBe(200);
  await expect(question).toBeHidden();
  expect(await headline.textContent()).not.toMatch(/no change/i);
  await expect(headline).toContainText("5 flows added");
});
