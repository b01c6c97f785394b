/** Two admins at one draft: nothing that either typed is lost, and neither overwrites the other unasked. */
import type { Page, Route } from "playwright/test";
import { test as base, draftJson, draftText, expect, FIVE, signIn } from "./lab.ts";

/** `two` is the other admin's page, in a browser of its own, at the same flows. */
const test = base.extend<{ two: Page }>({
  two: async ({ browser, lab }, use) => {
    const context = await browser.newContext();
    await signIn(context, lab);
    const page = await context.newPage();
    await page.goto(lab.url);
    await use(page);
    await context.close();
  },
});

/** Keeps the page's writes from the server until the function that it gives is called. */
async function hold(page: Page): Promise<() => Promise<void>> {
  const held: Route[] = [];
  let holding = true;
  await page.route("**/api/v1/draft**", (route) => {
    if (holding && route.request().method() !== "GET") held.push(route);
    else return route.continue();
  });
  return async () => {
    holding = false;
    for (const route of held) await route.continue();
  };
}

async function key(page: Page, flow: string, name: string) {
  await page.locator(`[data-flow=${flow}]`).focus();
  await page.keyboard.press(name);
}

const off = (page: Page, flow: string) =>
  expect(page.locator(`[data-flow=${flow}]`)).toHaveAttribute("data-off", "true");

test.beforeEach(async ({ lab, signedIn: page }) => {
  expect((await lab.rest("PUT", "/api/v1/config", FIVE)).status).toBe(200);
  await expect(page.locator("[data-flow=mail]")).toBeVisible();
});

test("each sees the other's change arrive; undo takes back one's own and leaves the other's", async ({
  lab,
  signedIn: one,
  two,
}) => {
  await expect(two.locator("[data-flow=mail]")).toBeVisible();
  await key(one, "dns", " ");
  await off(two, "dns");
  await expect(two.getByRole("status").filter({ hasText: "changed dns" })).toBeVisible();
  await key(two, "ping", " ");
  await off(one, "ping");
  await expect(one.getByRole("status").filter({ hasText: "changed ping" })).toBeVisible();
  // A reload has the same list of steps, and no news: what is told stays for seconds.
  await one.reload();
  await off(one, "ping");
  await expect(one.getByRole("button", { name: "Undo" })).toBeEnabled();
  expect(await one.getByRole("status").allInnerTexts()).not.toContainEqual(expect.stringContaining("ping"));

  await one.getByRole("button", { name: "Undo" }).click();
  await expect(one.locator("[data-flow=dns]")).not.toHaveAttribute("data-off", "true");
  await off(one, "ping");
  await expect(two.locator("[data-flow=dns]")).not.toHaveAttribute("data-off", "true");

  await two.locator("[data-flow=ping]").focus();
  await key(one, "ping", "Delete");
  await expect(two.locator("[data-flow=ping]")).toHaveAttribute("data-removed", "true");
  await two.getByRole("button", { name: "Undo" }).click();
  await expect(two.getByText("ping: it was removed meanwhile")).toBeVisible();
  expect(await draftJson(lab)).not.toContain('"ping"');
});

test("a reading that began before one's own edit does not bring back the draft as it was", async ({
  lab,
  signedIn: page,
}) => {
  const put = async (text: string) =>
    Object((await lab.rest("PUT", "/api/v1/draft", text, { "if-match": "*" })).json).etag;
  const browser = await page.context().newCDPSession(page);
  await browser.send("Network.enable");
  // By ETag: the event of what stood there before may come late.
  let heard = "";
  browser.on("Network.eventSourceMessageReceived", ({ eventName, data }) => {
    if (eventName === "draft") heard += data;
  });
  const gates: (() => void)[] = [];
  let read = 0;
  await page.route("**/api/v1/draft", async (route) => {
    if (route.request().method() !== "GET") return route.continue();
    // What the server said, kept back until the test lets it go.
    const response = await route.fetch();
    if (read < 2) await new Promise<void>((go) => gates.push(go));
    read += 1;
    await route.fulfill({ response });
  });
  const changed = FIVE.replace("flow ping permit", "flow ping skip permit");
  await put(changed);
  await expect.poll(() => gates.length).toBe(1);
  // There and back while it reads: it reads once more, and has that draft by then.
  await put(FIVE.replace("flow ssh permit", "flow ssh skip permit"));
  const last = await put(changed);
  await expect.poll(() => heard).toContain(last);
  gates[0]?.();
  await off(page, "ping");
  await expect.poll(() => gates.length).toBe(2);
  await key(page, "dns", " ");
  await expect.poll(() => draftText(lab)).toContain("flow dns skip");
  gates[1]?.();
  await expect.poll(() => read).toBeGreaterThan(2);
  await off(page, "dns");
  await key(page, "mail", " ");
  await off(page, "mail");
  await expect.poll(() => draftText(lab)).toContain("flow mail skip");
  await expect(page.getByText("changed the draft first")).toHaveCount(0);
});

test("a stale write keeps both: what fits goes on top, what does not is named and can be taken", async ({
  lab,
  signedIn: one,
  two,
}) => {
  await expect(two.locator("[data-flow=mail]")).toBeVisible();
  const release = await hold(one);
  await key(one, "dns", " ");
  await key(one, "mail", "Delete");
  await key(two, "ping", " ");
  await key(two, "mail", " ");
  await expect.poll(() => draftJson(lab)).toMatch(/"mail".*"skipped":true/);
  await release();

  const conflict = one.getByRole("alert").filter({ hasText: "changed the draft first" });
  await expect(conflict).toContainText("switch dns off, remove mail");
  await off(one, "mail");
  // It outlives a reload.
  await one.reload();
  await conflict.getByRole("button", { name: "Reapply mine" }).click();
  await off(one, "dns");
  await off(one, "ping");
  const clash = one.getByRole("alert").filter({ hasText: "mail: it was changed meanwhile" });
  await expect(clash).toBeVisible();
  await off(two, "dns");
  expect(await draftJson(lab)).toContain('"mail"');
  await clash.getByRole("button", { name: "Remove it: mail" }).click();
  await expect(clash).toBeHidden();
  await expect.poll(() => draftJson(lab)).not.toContain('"mail"');
});

test("theirs can be taken, and nothing of mine is written", async ({ lab, signedIn: one, two }) => {
  await expect(two.locator("[data-flow=mail]")).toBeVisible();
  const release = await hold(one);
  await key(one, "dns", "Delete");
  await key(two, "ping", " ");
  await expect.poll(() => draftJson(lab)).toMatch(/"ping".*"skipped":true/);
  await release();
  await one.getByRole("button", { name: "Take theirs" }).click();
  await expect(one.getByRole("alert")).toBeHidden();
  await off(one, "ping");
  expect(await draftJson(lab)).toContain('"dns"');
});

test("an open panel says who changed its flow, and that it went", async ({ signedIn: one, two }) => {
  await expect(two.locator("[data-flow=mail]")).toBeVisible();
  await key(one, "mail", "Enter");
  const panel = one.getByRole("complementary", { name: "Flow mail" });
  await expect(panel).toBeVisible();
  await key(two, "mail", " ");
  await expect(panel.getByRole("status").filter({ hasText: "changed it a moment ago" })).toBeVisible();
  await key(two, "mail", "Delete");
  await expect(panel.getByRole("status").filter({ hasText: "removed it a moment ago" })).toBeVisible();
  await expect(panel).toContainText("The draft has no flow mail");
});

test("text that is being typed stays when a form elsewhere changes the draft", async ({
  lab,
  signedIn: one,
  two,
}) => {
  await expect(two.locator("[data-flow=mail]")).toBeVisible();
  await one.getByRole("navigation", { name: "Places" }).getByRole("link", { name: "Text" }).click();
  const editor = one.getByRole("textbox", { name: "The flows as text" });
  await editor.click();
  await one.keyboard.press("Control+End");
  await one.keyboard.insertText("\nflow half permit\n  match dst 10.0.0.300\n");
  await key(two, "dns", " ");
  await expect(one.getByText(/^The draft was changed/)).toBeVisible();
  await expect(editor).toContainText("10.0.0.300");
  await expect.poll(() => draftJson(lab)).toMatch(/"dns".*"skipped":true/);
});

test("two tabs of one browser are two as well", async ({ context, lab, signedIn: one }) => {
  const two = await context.newPage();
  await two.goto(lab.url);
  await expect(two.locator("[data-flow=mail]")).toBeVisible();
  await key(one, "dns", " ");
  await off(two, "dns");
  await key(two, "ping", " ");
  await off(one, "ping");
  await one.getByRole("button", { name: "Undo" }).click();
  await expect(two.locator("[data-flow=dns]")).not.toHaveAttribute("data-off", "true");
  await off(two, "ping");
});

test("a field that was not left yet: neither a reload nor another admin who removes its flow loses what was typed", async ({
  lab,
  signedIn: page,
}) => {
  await page.locator("[data-flow=mail]").click();
  const panel = page.getByRole("complementary", { name: "Flow mail" });
  const note = panel.getByLabel("Note, on the flow's own line");
  await note.pressSequentially("typed");
  await page.reload();
  await expect(note).toHaveValue("typed");
  await expect.poll(() => draftText(lab)).toContain("flow mail director maildirect # typed");

  await note.fill("typed more");
  const edits = [{ do: "remove", name: "mail" }];
  const removed = await lab.rest("POST", "/api/v1/draft/edits", { edits }, { "if-match": "*" });
  expect(removed.status).toBe(200);
  await expect(panel).toContainText("What you typed and was not saved yet:");
  await expect(panel).toContainText("flow mail director maildirect # typed more");
});
