/** Named lists: made, named in rules, renamed, taken away; the text and the kernel follow. */
import { applyForGood, draftText, expect, setDraft, test } from "./lab.ts";
import { look } from "./looks.ts";

const OFFICE = "list office { 10.1.0.0/16, 192.0.2.1 }\n\nflow web permit\n  match proto tcp src @office\n";

test("a list is made, named by a rule with a suggestion, and reaches the kernel", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, "flow web permit\n  match proto tcp dst 192.168.0.1\n");
  await page.goto(`${lab.url}/lists`);
  await page.getByRole("button", { name: "New list" }).click();
  const dialog = page.getByRole("dialog", { name: "New list" });
  await dialog.getByLabel("Name").fill("office");
  await dialog.getByRole("textbox", { name: "Values" }).fill("10.1.0.0/16\n192.0.2.300");
  await dialog.getByRole("button", { name: "Add the list" }).click();
  await expect(dialog.getByText(/192\.0\.2\.300/).last()).toBeVisible();
  await dialog.getByRole("textbox", { name: "Values" }).fill("10.1.0.0/16\n192.0.2.1");
  await dialog.getByRole("button", { name: "Add the list" }).click();
  await expect(page.getByRole("complementary", { name: "List office" })).toBeVisible();
  await expect(page.locator("[data-list=office]")).toContainText("addresses");
  await expect(page.locator("[data-list=office]")).toContainText("nowhere");

  await page.goto(`${lab.url}/flows/web`);
  await page.getByRole("button", { name: "Add a condition to rule 1" }).click();
  await page.getByRole("menuitem", { name: "from address", exact: true }).click();
  await page.keyboard.type("@of");
  await expect(page.getByRole("option", { name: /^@office/ })).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.keyboard.type("198.51.100.7 ");
  await page.keyboard.press("Tab");
  await expect
    .poll(() => draftText(lab))
    .toBe(
      "list office { 10.1.0.0/16, 192.0.2.1 }\n\nflow web permit\n  match proto tcp src { @office, 198.51.100.7 } dst 192.168.0.1\n",
    );
  await applyForGood(lab);
  const rules = lab.chains().filter((line) => line.startsWith("-A @web"));
  expect(rules).toEqual([
    "-A @web -s 10.1.0.0/16 -d 192.168.0.1/32 -p tcp -j ACCEPT",
    "-A @web -s 192.0.2.1/32 -d 192.168.0.1/32 -p tcp -j ACCEPT",
    "-A @web -s 198.51.100.7/32 -d 192.168.0.1/32 -p tcp -j ACCEPT",
  ]);
});

test("a rename is followed by every reference, and taken back in one step", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, OFFICE);
  await page.goto(`${lab.url}/lists/office`);
  const name = page.getByRole("complementary").getByLabel("Name");
  await name.fill("hq");
  await name.press("Enter");
  await expect(page).toHaveURL(/\/lists\/hq$/);
  await expect.poll(() => draftText(lab)).toBe(OFFICE.replaceAll("office", "hq"));
  await page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: "Text" }).click();
  await expect(page.getByRole("textbox", { name: "The flows as text" })).toContainText("src @hq");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => draftText(lab)).toBe(OFFICE);
});

test("where a list is used leads to the flow, whose chip tells what it holds", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, OFFICE);
  await page.goto(`${lab.url}/lists/office`);
  await page.getByRole("region", { name: "Where it is used" }).getByRole("link", { name: "web" }).click();
  const panel = page.getByRole("complementary", { name: "Flow web" });
  await panel.getByRole("button", { name: "@office", exact: true }).hover();
  const card = page.getByRole("group", { name: "List office" });
  await expect(card).toContainText("192.0.2.1");
  await card.getByRole("link", { name: "List office" }).click();
  await expect(page.getByRole("complementary", { name: "List office" })).toBeVisible();
});

test("the values of a rule become a list in one step; the list taken away leaves them there", async ({
  lab,
  signedIn: page,
}) => {
  const text = "flow web permit\n  match proto tcp dstport { 80, 443 }\n";
  await setDraft(lab, text);
  await page.goto(`${lab.url}/flows/web`);
  await page.getByRole("button", { name: "Actions of rule 1" }).click();
  await page.getByRole("menuitem", { name: "Make a list of its ports…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name of the list").fill("webports");
  await dialog.getByRole("button", { name: "Make the list" }).click();
  const listed = "list webports { 80, 443 }\n\nflow web permit\n  match proto tcp dstport @webports\n";
  await expect.poll(() => draftText(lab)).toBe(listed);
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await expect.poll(() => draftText(lab)).toBe(text);
  await page.getByRole("button", { name: "Redo" }).click();
  await expect.poll(() => draftText(lab)).toBe(listed);

  await page.goto(`${lab.url}/lists/webports`);
  await page.getByRole("button", { name: "Actions of list webports" }).click();
  await page.getByRole("menuitem", { name: "Remove…" }).click();
  await expect(page.getByRole("dialog")).toContainText("1 rule in 1 flow");
  await page.getByRole("button", { name: "Put the values in and remove" }).click();
  await expect.poll(() => draftText(lab)).toBe(text);
  await expect(page.getByRole("heading", { name: "No lists" })).toBeVisible();
});

test("values of a list: chips and lines, each bad one at its place", async ({ lab, signedIn: page }) => {
  await setDraft(lab, OFFICE);
  await page.goto(`${lab.url}/lists/office`);
  const panel = page.getByRole("complementary", { name: "List office" });
  await panel.getByRole("combobox", { name: "Values of office" }).click();
  await page.keyboard.type("10.9.9.9/8 22 ");
  await expect(panel.getByText(/has bits set behind its prefix/)).toBeVisible();
  await expect(panel.getByText("Not saved yet.")).toBeVisible();
  await panel.getByRole("button", { name: "Remove 22" }).click();
  await expect.poll(() => draftText(lab)).toContain("{ 10.1.0.0/16, 192.0.2.1, 10.9.9.9/8 }");
  await panel.getByRole("button", { name: "Edit as lines" }).click();
  await panel.getByRole("textbox", { name: /one a line/ }).fill("10.1.0.0/16\n@office");
  await page.keyboard.press("Tab");
  await expect(panel.getByText(/cycle|itself/)).toBeVisible();
});

test("axe finds nothing and nothing is cut", async ({ lab, signedIn: page }) => {
  const found: string[] = [];
  const see = async (what: string) => found.push(...(await look(page, what)));
  await page.goto(`${lab.url}/lists`);
  await expect(page.getByRole("heading", { name: "No lists" })).toBeVisible();
  await see("empty");
  await setDraft(
    lab,
    `${OFFICE}  match proto udp dstport { 53, 123, 70:80 } state new\noutflow o deny match\n`,
  );
  await expect(page.locator("[data-list=office]")).toBeVisible();
  await see("lists");
  await page.goto(`${lab.url}/lists/office`);
  await page.getByRole("combobox", { name: "Values of office" }).click();
  await page.keyboard.type("22 ");
  await expect(page.getByText("Not saved yet.")).toBeVisible();
  await see("a list with a bad value");
  await page.goto(`${lab.url}/flows/web`);
  await expect(page.getByRole("complementary", { name: "Flow web" })).toBeVisible();
  await page.getByRole("combobox", { name: "port, rule 2" }).click();
  await see("rules with chips and suggestions");
  await page.goto(`${lab.url}/flows/o`);
  await expect(page.getByRole("complementary", { name: "Outflow o" })).toBeVisible();
  await see("an outflow");
  expect(found).toEqual([]);
});

test("a hundred thousand networks: found, added to, marked where they are wrong, taken back", async ({
  lab,
  signedIn: page,
}) => {
  const networks = Array.from({ length: 100_000 }, (_, at) => `10.${at >> 12}.${(at >> 4) & 255}.${at & 15}`);
  await setDraft(lab, `list many { ${networks.join(", ")} }\n`);
  await page.goto(`${lab.url}/lists/many`);
  const panel = page.getByRole("complementary", { name: "List many" });
  await panel.getByRole("combobox", { name: "Values of many" }).click();
  await page.keyboard.type("10.24.105.9");
  await expect(panel.getByRole("button", { name: "10.24.105.9", exact: true })).toBeVisible();
  await page.keyboard.type("9 ");
  await expect(panel.getByText("100,001 values")).toBeVisible();

  await panel.getByRole("button", { name: "Edit as lines" }).click();
  const lines = panel.getByRole("textbox", { name: /one a line/ });
  await expect(lines).toContainText("10.0.0.1");
  await lines.press("Control+End");
  await page.keyboard.type("\n10.24.300.1\n10.24.105.98");
  await page.keyboard.press("Tab");
  await expect(panel.getByText("Not saved yet.")).toBeVisible();
  await expect(lines.locator(".cm-lintRange-error")).toHaveText("10.24.300.1");
  await panel.getByRole("button", { name: "Show as chips" }).click();
  await panel.getByRole("button", { name: "Remove 10.24.300.1" }).click();
  await expect(panel.getByText("Not saved yet.")).toBeHidden();
  await expect.poll(() => draftText(lab)).toMatch(/10\.24\.105\.99,\s+10\.24\.105\.98\s+}/);

  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(panel.getByText("100,000 values")).toBeVisible();
});

test("a hundred thousand lines pasted into a new list are a list", async ({
  lab,
  signedIn: page,
  context,
}) => {
  const networks = Array.from({ length: 100_000 }, (_, at) => `10.${at >> 12}.${(at >> 4) & 255}.${at & 15}`);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate((text) => navigator.clipboard.writeText(text), networks.join("\n"));
  await page.goto(`${lab.url}/lists`);
  await page.getByRole("button", { name: "New list" }).click();
  const dialog = page.getByRole("dialog", { name: "New list" });
  const values = dialog.getByRole("textbox", { name: "Values" });
  await values.click();
  await page.keyboard.press("Control+V");
  await expect(values).toContainText("10.0.0.1");
  // The name comes last, and each of its keys is written at once.
  await dialog.getByLabel("Name").fill("2 many");
  await expect(dialog.getByText(/2 many/)).toBeVisible();
  await dialog.getByLabel("Name").fill("many");
  await dialog.getByRole("button", { name: "Add the list" }).click();
  const panel = page.getByRole("complementary", { name: "List many" });
  await expect(panel.getByText("100,000 values")).toBeVisible();
  await expect
    .poll(async () => Object((await lab.rest("GET", "/api/v1/draft")).json).config.items[0]?.values.length)
    .toBe(100_000);
});
