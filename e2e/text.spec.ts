/** The text as a place to work in: values offered, words explained, flows found, and what is typed in the kernel. */
import type { Page } from "playwright/test";
import { applyForGood, draftText, expect, setDraft, test } from "./lab.ts";

const LIST = "list office { 10.1.0.0/16, 192.0.2.1 }\n";

const editorOf = (page: Page) => page.getByRole("textbox", { name: "The flows as text" });
const offered = (page: Page) => page.getByRole("listbox", { name: "Completions" });

test("completion knows keywords, the machine and the draft; what it wrote is applied", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, LIST);
  await page.goto(`${lab.url}/text`);
  // What the machine has comes with its state.
  await expect(page.getByRole("banner")).toContainText("in sync");
  await editorOf(page).click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("flow web perm");
  await offered(page).getByRole("option", { name: "permit" }).click();
  await page.keyboard.press("Enter");
  await page.keyboard.type("match iface eth");
  await expect(offered(page).getByRole("option")).toHaveText(["eth0", "eth1"]);
  // What has only just come up takes no keys yet, so that nobody chooses by what he was typing.
  await expect(async () => {
    await page.keyboard.press("ArrowDown");
    const chosen = offered(page).getByRole("option", { selected: true });
    await expect(chosen).toHaveText("eth1", { timeout: 500 });
  }).toPass();
  await page.keyboard.press("Enter");
  await expect(page.locator(".cm-activeLine")).toHaveText("  match iface eth1");
  await page.keyboard.type(" src @o");
  await offered(page).getByRole("option", { name: "@office" }).click();
  await page.keyboard.type(" proto icmp icmptype echo-req");
  await offered(page).getByRole("option", { name: "echo-request" }).click();
  await expect
    .poll(() => draftText(lab))
    .toBe(`${LIST}\nflow web permit\n  match iface eth1 proto icmp src @office icmptype echo-request\n`);
  await applyForGood(lab);
  expect(lab.chains()).toContain("-A @web -s 10.1.0.0/16 -i eth1 -p icmp -m icmp --icmp-type 8 -j ACCEPT");
});

test("a word is explained where it stands, a list by what it holds", async ({ lab, signedIn: page }) => {
  await setDraft(lab, `${LIST}\nflow match permit\n  match src @office\n`);
  await page.goto(`${lab.url}/text`);
  const help = page.locator(".cm-word-help");
  await page.locator(".cm-flow-verb").hover();
  await expect(help).toContainText("When all conditions hold");
  await page.locator(".cm-flow-value", { hasText: "@office" }).hover();
  await expect(help).toContainText("10.1.0.0/16, 192.0.2.1");
});

test("from a flow to its text and back, folded and formatted on the way", async ({ lab, signedIn: page }) => {
  const flows = Array.from(
    { length: 60 },
    (_, index) => `flow f${index} permit\n  match dst 10.0.0.${index}\n`,
  );
  await setDraft(lab, flows.join("\n"));
  await page.goto(`${lab.url}/flows/f50`);
  await page.getByRole("button", { name: "More actions of f50" }).click();
  await page.getByRole("menuitem", { name: "Show in the text" }).click();
  await expect(page.locator(".cm-activeLine")).toHaveText("flow f50 permit");

  const field = page.getByRole("combobox", { name: "Go to a flow or list" });
  await page.keyboard.press("Alt+g");
  await expect(field).toBeFocused();
  await page.keyboard.type("f7");
  await page.keyboard.press("Enter");
  await expect(page.locator(".cm-activeLine")).toHaveText("flow f7 permit");

  const more = page.getByRole("button", { name: "More actions of the text" });
  await more.click();
  await page.getByRole("menuitem", { name: "Fold all", exact: true }).click();
  await expect(page.locator(".cm-foldPlaceholder").first()).toBeVisible();
  await more.click();
  await page.getByRole("menuitem", { name: "Unfold all" }).click();
  await expect(page.locator(".cm-foldPlaceholder")).toHaveCount(0);

  await editorOf(page).click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText("flow   one deny match dst 10.0.0.1 proto tcp");
  await page.getByRole("button", { name: "Format" }).click();
  await expect(editorOf(page)).toHaveText("flow one deny  match proto tcp dst 10.0.0.1");
  await more.click();
  await page.getByRole("menuitem", { name: "Show this flow in its form" }).click();
  await expect(page.getByRole("complementary", { name: "Flow one" })).toBeVisible();
  // The page shows what it has sent before the server has it.
  await expect.poll(() => draftText(lab)).toContain("flow one deny");
  await applyForGood(lab);
  expect(lab.chains()).toContain("-A @one -d 10.0.0.1/32 -p tcp -j DROP");
});

test("the place of what is wrong in line 10 002 stands beside its words", async ({ lab, signedIn: page }) => {
  await setDraft(lab, `${"# more\n".repeat(10_000)}flow web permit\n  match dst 192.168.0.77/24\n`);
  await page.goto(`${lab.url}/text`);
  const problem = page.getByRole("region", { name: "Errors and warnings" }).getByRole("listitem").first();
  const place = problem.getByText("10002:13");
  await expect(place).toBeVisible();
  const words = await problem
    .getByText(/has bits set/)
    .first()
    .boundingBox();
  const box = await place.boundingBox();
  if (!words || !box) throw new Error("the problem is not on the screen");
  // What is wider than its column lies over the next one.
  const wider = await place.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
  expect(box.x + box.width + wider).toBeLessThanOrEqual(words.x);
});
