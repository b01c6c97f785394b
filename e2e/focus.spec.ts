/** The keyboard goes on where it was: what it led to, and what closes or goes behind it, leaves the focus nowhere lost. */
import { expect, FIVE, setDraft, test } from "./lab.ts";

test("the panel keeps the focus while its flow is renamed and its rules come, move and go", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, FIVE);
  await page.goto(`${lab.url}/flows/ssh`);
  const panel = page.getByRole("complementary", { name: /^Flow ssh2?$/ });
  const button = (name: string) => panel.getByRole("button", { name });

  await panel.getByLabel("Name", { exact: true }).fill("ssh2");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("complementary", { name: "Flow ssh2" })).toBeVisible();
  await expect(panel.getByRole("radio", { name: "incoming packets" })).toBeFocused();

  await button("Move rule 1 down").press("Enter");
  await expect(button("Move rule 2 down")).toBeFocused();
  await button("+ Rule").press("Enter");
  await expect(button("Add a condition to rule 3")).toBeFocused();
  await button("Remove protocol, rule 3").press("Enter");
  await expect(panel).toContainText("every packet");
  await expect(button("Add a condition to rule 3")).toBeFocused();
  await button("Actions of rule 3").press("Enter");
  await expect(page.getByRole("menuitem", { name: "Switch off" })).toBeFocused();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await expect(button("Actions of rule 2")).toBeFocused();
});

test("what closes gives the focus back, and what is gone passes it on", async ({ lab, signedIn: page }) => {
  await setDraft(lab, `list office { 10.0.0.0/8 }\n\n${FIVE}`);
  const row = (name: string) => page.locator(`[data-flow=${name}]`);
  await row("mail").press("Delete");
  await expect(row("mail")).toHaveCount(0);
  await expect(row("alltherest")).toBeFocused();

  const discard = page.getByRole("button", { name: "Discard" });
  await discard.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(discard).toBeFocused();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog", { name: "Command palette" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(discard).toBeFocused();

  await page.getByRole("link", { name: "Lists" }).press("Enter");
  const list = page.getByRole("link", { name: "@office" });
  await list.press("Enter");
  await page.getByRole("complementary", { name: "List office" }).getByLabel("Name", { exact: true }).focus();
  await page.keyboard.press("Escape");
  await expect(list).toBeFocused();
});

test("from Apply the focus goes to the question, and from its answer into the place", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, FIVE);
  await page.goto(`${lab.url}/review`);
  const apply = page.getByRole("button", { name: "Apply", exact: true });
  await expect(apply).toHaveAttribute("aria-disabled", "false");
  await apply.press("Enter");
  const question = page.getByRole("region", { name: "Keep these rules?" });
  await expect(question).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(question.getByRole("button", { name: "Go back now" })).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(question).toBeHidden();
  await expect(page.getByRole("main")).toBeFocused();
  await page.getByRole("link", { name: "History" }).press("Enter");
  await page.getByRole("link", { name: /in force/ }).press("Enter");
  await expect(page.getByRole("heading", { name: /^Revision/ })).toBeVisible();
  await expect(page.getByRole("main")).toBeFocused();
});
