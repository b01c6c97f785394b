/** Forms for all that the language can say; what they write is what one would type, and the kernel has it. */
import type { Locator, Page } from "playwright/test";
import { applyForGood, draftText, expect, type Lab, setDraft, test } from "./lab.ts";

async function open(page: Page, lab: Lab, text: string, name: string): Promise<Locator> {
  await setDraft(lab, text);
  await page.goto(`${lab.url}/flows/${name}`);
  const panel = page.getByRole("complementary", { name: new RegExp(`low ${name}$`) });
  await expect(panel).toBeVisible();
  return panel;
}

async function ask(panel: Locator, condition: string): Promise<void> {
  await panel.getByRole("button", { name: "Add a condition to rule 1" }).click();
  await panel.page().getByRole("menuitem", { name: condition, exact: true }).click();
}

test("chips typed, pasted and taken back are the text and the kernel's rules", async ({
  lab,
  signedIn: page,
  context,
}) => {
  const panel = await open(page, lab, "flow mail permit\n  match proto tcp\n", "mail");
  await ask(panel, "port");
  await expect(panel).not.toContainText("missing");
  const port = panel.getByRole("combobox", { name: "port, rule 1" });
  await expect(port).toBeFocused();
  await page.keyboard.type("25,110 14");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Backspace");
  await expect(port).toHaveValue("14");
  await page.keyboard.type("3");
  await page.keyboard.press("Tab");
  await expect
    .poll(() => draftText(lab))
    .toBe("flow mail permit\n  match proto tcp dstport { 25, 110, 143 }\n");

  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate(() => navigator.clipboard.writeText("10.0.0.0/8\n192.168.0.1, 192.168.0.1\n"));
  await ask(panel, "from address");
  await page.keyboard.press("Control+V");
  await expect(panel.getByText("192.168.0.1 is there already")).toBeVisible();
  await page.keyboard.press("Tab");
  await panel.getByRole("button", { name: "not, from address, rule 1" }).click();
  await expect
    .poll(() => draftText(lab))
    .toContain("match proto tcp not src { 10.0.0.0/8, 192.168.0.1 } dstport { 25, 110, 143 }");

  await applyForGood(lab);
  const rules = lab.chains().filter((line) => line.startsWith("-A @mail"));
  expect(rules).toHaveLength(1);
  expect(rules[0]).toContain("-m multiport --dports 25,110,143");
  expect(rules[0]).toContain("! --src-range 10.0.0.0-10.255.255.255");
});

test("chips by keyboard: arrows walk, Delete removes, Enter changes one in its place", async ({
  lab,
  signedIn: page,
}) => {
  const panel = await open(page, lab, "flow web permit\n  match dstport { 80, 443, 8080 }\n", "web");
  const port = panel.getByRole("combobox", { name: "port, rule 1" });
  await port.focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await expect(panel.getByRole("button", { name: "443", exact: true })).toBeFocused();
  await page.keyboard.press("Delete");
  await expect.poll(() => draftText(lab)).toContain("dstport { 80, 8080 }");
  await expect(panel.getByRole("button", { name: "80", exact: true })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(port).toHaveValue("80");
  await page.keyboard.press("End");
  await page.keyboard.type("81");
  await page.keyboard.press("Enter");
  await expect.poll(() => draftText(lab)).toContain("dstport { 8081, 8080 }");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+z");
  await expect.poll(() => draftText(lab)).toContain("dstport { 80, 8080 }");
});

test("a bad value is marked, says why beside it, and stays out of the draft", async ({
  lab,
  signedIn: page,
}) => {
  const panel = await open(page, lab, "flow web permit\n  match dstport 80\n", "web");
  await panel.getByRole("combobox", { name: "port, rule 1" }).click();
  await page.keyboard.press("End");
  await page.keyboard.type(" 70000 443 ");
  await expect(panel.getByText(/There is no port "70000"/)).toBeVisible();
  await expect(panel.getByRole("button", { name: "70000", exact: true })).toHaveAccessibleDescription(
    /There is no port "70000"/,
  );
  await expect(panel.getByText("Not saved yet.")).toBeVisible();
  expect(await draftText(lab)).toContain("dstport 80\n");
  await panel.getByRole("button", { name: "Remove 70000" }).click();
  await expect.poll(() => draftText(lab)).toContain("dstport { 80, 443 }");
  await expect(panel.getByText("Not saved yet.")).toBeHidden();
});

test("a condition that was asked for and left empty is none", async ({ lab, signedIn: page }) => {
  const text = "flow web permit\n  match proto tcp\n";
  const panel = await open(page, lab, text, "web");
  await ask(panel, "to address");
  await expect(panel.getByRole("combobox", { name: "to address, rule 1" })).toBeFocused();
  await expect(panel.getByText("missing")).toHaveCount(0);
  await page.keyboard.press("Tab");
  await expect(panel.getByRole("combobox", { name: "to address, rule 1" })).toHaveCount(0);
  expect(await draftText(lab)).toBe(text);
});

test("an outflow with a state, by form, in the kernel's OUTPUT", async ({ lab, signedIn: page }) => {
  const panel = await open(page, lab, "flow out permit\n  match proto tcp\n", "out");
  await panel.getByRole("radio", { name: "this machine's own" }).check();
  await expect(panel.getByRole("radio", { name: "director" })).toBeDisabled();
  await expect(panel.getByText(/takes incoming packets only/)).toBeVisible();
  await ask(panel, "interface");
  await page.keyboard.type("eth+");
  await page.keyboard.press("Enter");
  await expect(panel).toContainText("leaving by");
  await ask(panel, "state");
  await page.keyboard.type("new related ");
  await page.keyboard.press("Tab");
  await expect
    .poll(() => draftText(lab))
    .toBe("outflow out permit\n  match iface eth+ proto tcp state { new, related }\n");
  await expect(page.locator("[data-flow=out]").getByRole("img", { name: "outflow" })).toBeVisible();
  await applyForGood(lab);
  const chains = lab.chains();
  expect(chains.filter((line) => line.startsWith("-A OUTFLOWS") && line.endsWith("@out"))).toHaveLength(1);
  expect(chains.filter((line) => line.startsWith("-A FLOWS") && line.endsWith("@out"))).toHaveLength(0);
  const rule = chains.find((line) => line.startsWith("-A @out"));
  expect(rule).toContain("-o eth+");
  expect(rule).toContain("--ctstate NEW,RELATED");
});

test("a thousand values: the first are chips, all are lines", async ({ lab, signedIn: page }) => {
  const values = Array.from({ length: 1000 }, (_, index) => `10.${index >> 8}.${index & 255}.1`);
  const panel = await open(page, lab, `flow many permit\n  match src { ${values.join(", ")} }\n`, "many");
  await panel.getByRole("button", { name: "and 988 more" }).click();
  const lines = panel.getByRole("textbox", { name: "from address, rule 1, one a line" });
  await expect(lines).toContainText("10.0.9.1");
  await lines.fill(values.slice(0, 2).join("\n"));
  await page.keyboard.press("Tab");
  await expect.poll(() => draftText(lab)).toContain("src { 10.0.0.1, 10.0.1.1 }");
});
