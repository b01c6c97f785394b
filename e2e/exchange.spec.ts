/** Configs that come from elsewhere and go elsewhere: the original's page, iptables-save, the page's words. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright/test";
import { expect, FIVE, test } from "./lab.ts";

const PAGE = readFileSync(
  join(import.meta.dirname, "../packages/flow-model/test/exchange/original-page.txt"),
  "utf8",
);

async function pasteInto(page: Page, text: string) {
  // Before the place is drawn nobody listens.
  await expect(page.getByRole("main").getByRole("heading", { level: 1 })).toBeVisible();
  await page.evaluate((pasted) => {
    const data = new DataTransfer();
    data.setData("text/plain", pasted);
    document.body.dispatchEvent(
      new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }),
    );
  }, text);
}

async function apply(page: Page) {
  await page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: "Review" }).click();
  const button = page.getByRole("button", { name: "Apply", exact: true });
  await expect(button).not.toHaveAttribute("aria-disabled", "true");
  await button.click();
  await page.getByRole("region", { name: "Keep these rules?" }).getByRole("button", { name: "Keep" }).click();
  await expect(page.getByRole("region", { name: "Keep these rules?" })).toBeHidden();
}

const draftText = async (
  rest: (method: string, path: string, body: unknown) => Promise<{ json: unknown }>,
  path: string,
  body: unknown,
) => Object((await rest("POST", path, body)).json).text;

test("the original's page, pasted whole, applied, is what its five examples make", async ({
  lab,
  signedIn: page,
}) => {
  await expect(page.getByText("No flows: every packet goes on untouched")).toBeVisible();
  await pasteInto(page, PAGE);
  await expect(page.locator("[data-flow=alltherest]")).toBeVisible();
  await expect(page.getByText(/Inserted 5 flows; \d+ lines not part of a flow/)).toBeVisible();
  await apply(page);
  const pasted = lab.chains();
  expect(pasted).toContain("-A @mail -d 192.168.0.2/32 -p tcp -m tcp --dport 143 -j ACCEPT");
  expect((await lab.rest("PUT", "/api/v1/config", FIVE)).json).toMatchObject({ changed: false });
  expect(lab.chains()).toEqual(pasted);

  // What the kernel holds, brought back by the dialog: the same flows again.
  await page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: "Flows" }).click();
  await page.getByRole("button", { name: "Other ways to add" }).click();
  await page.getByRole("menuitem", { name: "Import…" }).click();
  const dialog = page.getByRole("dialog", { name: "Import" });
  await dialog
    .getByRole("textbox")
    .fill(lab.inside("iptables-save", "-t", "mangle") + lab.inside("ip6tables-save", "-t", "mangle"));
  await expect(dialog.getByRole("radio", { name: "iptables-save" })).toBeChecked();
  await expect(dialog.getByText("5 flows found")).toBeVisible();
  await expect(dialog.getByRole("region", { name: "Left out" })).toContainText("DIRECTORS");
  await dialog.getByRole("radio", { name: "Replace the draft" }).check();
  await dialog.getByRole("button", { name: "Replace by 5 flows" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText("The draft is now 5 flows")).toBeVisible();
  await expect(page.getByRole("link", { name: /Review/ }).first()).not.toContainText(/[1-9]/);
  const five = await draftText(lab.rest, "/api/v1/format", FIVE);
  await expect
    .poll(async () =>
      draftText(lab.rest, "/api/v1/format", Object((await lab.rest("GET", "/api/v1/draft")).json).config),
    )
    .toBe(five);
});

test("a mistake opens the dialog before anything is inserted", async ({ signedIn: page }) => {
  await pasteInto(page, "flow a permit\n  match proto tcp dport 22\n\nflow b permit\n  match dstport 53\n");
  const dialog = page.getByRole("dialog", { name: "Import" });
  await expect(dialog.getByText("1 flow found")).toBeVisible();
  await expect(dialog.getByRole("region", { name: "Left out" })).toContainText('"dport"');
  await expect(page.locator("[data-flow=b]")).toHaveCount(0);
  await dialog.getByRole("button", { name: "Insert 1 flow" }).click();
  await expect(page.locator("[data-flow=b]")).toBeVisible();
  await page.keyboard.press("Control+z");
  await expect(page.locator("[data-flow=b]")).toHaveCount(0);
});

test("what is too long to be read at once is not read, and the dialog says so", async ({
  signedIn: page,
}) => {
  await pasteInto(page, `flow a permit\n${"  match\n".repeat(125_000)}`);
  const dialog = page.getByRole("dialog", { name: "Import" });
  await expect(dialog.getByRole("alert")).toHaveText(
    /^At most 1,000,000 characters are read at once so, and this text has 1,000,013 characters\. A whole config/,
    // A field of 125 000 lines takes its time.
    { timeout: 60_000 },
  );
  await expect(dialog.getByRole("button", { name: "Insert", exact: true })).toBeDisabled();
  await dialog.getByRole("textbox").fill("flow a permit\n  match\n");
  await expect(dialog.getByText("1 flow found")).toBeVisible();
  await expect(dialog.getByRole("alert")).toBeHidden();
});

test("export in the page's words, or where it cannot be", async ({ lab, signedIn: page }) => {
  const put = async (text: string) => lab.rest("PUT", "/api/v1/draft", text, { "if-match": "*" });
  await put("flow a permit\n  match proto { tcp, udp } dstport 53\n");
  await page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: "Text" }).click();
  await page.getByRole("button", { name: "More actions of the text" }).click();
  await page.getByRole("menuitem", { name: "Export…" }).click();
  const dialog = page.getByRole("dialog", { name: "Export the draft" });
  await dialog.getByRole("radio", { name: "Original page's words" }).check();
  await expect(dialog.getByRole("region", { name: "Exported text" })).toContainText(
    "match proto udp dstport 53",
  );
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    dialog.getByRole("button", { name: "Download" }).click(),
  ]);
  expect(readFileSync(await download.path(), "utf8")).toBe(
    "flow a permit\n  match proto tcp dstport 53\n  match proto udp dstport 53\n",
  );
  await put("flow a permit\n  match state new\n");
  await expect(dialog.getByRole("alert")).toContainText("no words for 1 rule");
  await expect(dialog.getByRole("button", { name: "Copy" })).toBeDisabled();
  await dialog.getByRole("link", { name: "a, rule 1" }).click();
  await expect(page.getByRole("complementary", { name: "Flow a" })).toBeVisible();
});
