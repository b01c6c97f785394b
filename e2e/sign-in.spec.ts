import { expect, setDraft, test } from "./lab.ts";

test("the printed link signs in once, and leaves no code in the address", async ({ lab, page, context }) => {
  const link = lab.loginLink();
  await page.goto(link);
  await expect(page.getByRole("navigation", { name: "Places" })).toBeVisible();
  expect(page.url()).not.toContain(link.split("#")[1] ?? "#");
  const [cookie] = (await context.cookies()).filter(({ name }) => name.startsWith("flowmgr_"));
  expect(cookie?.httpOnly).toBe(true);
  expect(cookie?.sameSite).toBe("Strict");

  await context.clearCookies();
  await page.goto("about:blank");
  await page.goto(link);
  await expect(page.getByLabel("Token")).toBeVisible();
});

test("the token signs in, signing out ends the session", async ({ lab, page, context }) => {
  await page.goto(lab.url);
  await page.getByLabel("Token").fill("not the token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("not valid");
  await page.getByLabel("Token").fill(lab.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("No flows: every packet goes on untouched")).toBeVisible();

  const kept = await context.cookies();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByLabel("Token")).toBeVisible();
  const cookie = kept.map(({ name, value }) => `${name}=${value}`).join("; ");
  const answer = await fetch(`${lab.url}/api/v1/draft`, {
    headers: { cookie },
  });
  expect(answer.status).toBe(401);
});

test("where rules go is said on every place", async ({ lab, signedIn: page }) => {
  for (const place of ["Flows", "Text", "Review", "History"]) {
    await page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: place }).click();
    await expect(page.getByText(`private namespace ${lab.namespace}`)).toBeVisible();
  }
});

test("a browser that never says when it is idle, as Safari, shows the flows", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, "flow web permit\n");
  await page.addInitScript(() => {
    Reflect.deleteProperty(window, "requestIdleCallback");
    Reflect.deleteProperty(window, "cancelIdleCallback");
  });
  await page.goto(`${lab.url}/flows`);
  expect(await page.evaluate(() => "requestIdleCallback" in window)).toBe(false);
  await expect(page.getByRole("grid").getByText("web")).toBeVisible();
});
