/** Known before an apply: rules that could go, what packets will meet, who would be cut off. */
import { applyForGood, draftText, expect, setDraft, test } from "./lab.ts";
import { look } from "./looks.ts";

const OLD = `flow mail permit
  match proto tcp dst 192.168.0.2 dstport { 25, 143 }

flow ssh permit
  match proto tcp dst 192.168.0.1 dstport 22

flow alltherest deny
  match
`;

const DEAD = `# typed by hand
flow mail   permit
  match   proto tcp dst 192.168.0.2

# the old way
flow smtp deny
  match proto tcp dst 192.168.0.2 dstport 25 # never
  match proto udp dst 192.168.0.2 dstport 53
`;

test("a rule that could go is said in the list and mended in the panel", async ({ lab, signedIn: page }) => {
  await setDraft(lab, DEAD);
  await page.goto(`${lab.url}/flows`);
  const row = page.locator("[data-flow=smtp]");
  await expect(row).toContainText("rule 1 never acts: mail, rule 1 takes all of its packets first");
  await page.goto(`${lab.url}/flows?q=warning`);
  await expect(row).toBeVisible();
  await expect(page.locator("[data-flow=mail]")).toHaveCount(0);

  await row.click();
  const panel = page.getByRole("complementary", { name: "Flow smtp" });
  const notes = panel.getByRole("list", { name: "What packets meet here" });
  await expect(notes).toContainText("Rule 1 never acts: mail, rule 1 takes all of its packets first.");
  await expect(notes.getByRole("link", { name: "Test such a packet" })).toHaveAttribute(
    "href",
    /^\/test\?packet=tcp\+\S+192\.168\.0\.2:25\+in/,
  );
  expect(await look(page, "a warning in the panel")).toEqual([]);

  await notes.getByRole("button", { name: "Move smtp before mail" }).press("Enter");
  await expect(notes).toHaveCount(0);
  await expect.poll(() => draftText(lab)).toMatch(/flow smtp[\s\S]*flow mail/);
  await page.getByRole("button", { name: "Undo", exact: true }).first().click();
  await expect(notes).toBeVisible();
  await expect.poll(() => draftText(lab)).toMatch(/flow mail[\s\S]*flow smtp/);
  await page.goto(`${lab.url}/review`);
  const needless = page.getByRole("region", { name: "1 rule that could go" });
  await needless.getByRole("link", { name: "Open smtp" }).click();
  await expect(page).toHaveURL(/\/flows\/smtp\?rule=1$/);
  await notes.getByRole("button", { name: "Remove rule 1" }).click();
  await expect(notes).toHaveCount(0);
  await expect.poll(() => draftText(lab)).not.toContain("never");
});

test("a rule that could go is underlined in the text and mended there, all else as typed", async ({
  lab,
  signedIn: page,
}) => {
  await page.goto(`${lab.url}/text`);
  const editor = page.getByRole("textbox", { name: "The flows as text" });
  await editor.click();
  await page.keyboard.insertText(DEAD);
  const problems = page.getByRole("region", { name: "Errors and warnings" });
  await expect(problems).toContainText("rule 1 never acts: mail, rule 1 takes all of its packets first");
  await expect(editor.locator(".cm-lintRange-warning")).toHaveText(
    "match proto tcp dst 192.168.0.2 dstport 25",
  );
  expect(await look(page, "a warning in the text")).toEqual([]);

  await problems.getByRole("button", { name: "Remove rule 1" }).click();
  await expect(problems).toHaveCount(0);
  const lines = await editor.locator(".cm-line").allTextContents();
  expect(lines.join("\n")).toBe(DEAD.replace("  match proto tcp dst 192.168.0.2 dstport 25 # never\n", ""));
  await editor.focus();
  await page.keyboard.press("Control+z");
  await expect(problems.getByRole("button", { name: "Move smtp before mail" })).toBeVisible();
  await expect(problems.getByRole("link", { name: "Test such a packet" })).toHaveAttribute(
    "href",
    /^\/test\?/,
  );
});

test("Review tells first which packets are treated differently", async ({ lab, signedIn: page }) => {
  await setDraft(lab, OLD);
  await applyForGood(lab);
  await setDraft(lab, OLD.replace("{ 25, 143 }", "25").replace("192.168.0.1 dstport 22", "192.168.0.1"));
  await page.goto(`${lab.url}/review`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(
    "2 kinds of packets are treated differently; nothing else changes.",
  );
  await expect(page.getByRole("tab", { name: "Packets" })).toHaveAttribute("aria-selected", "true");
  const kinds = page.getByRole("list", { name: "Packets that are treated differently" }).locator("> li");
  const denied = kinds.filter({ hasText: "now denied by alltherest, rule 1" });
  await expect(denied).toContainText("until now");
  await expect(denied).toContainText("permitted by mail, rule 1");
  await expect(denied).toContainText("proto tcp dst 192.168.0.2 dstport 143");
  await expect(denied.getByRole("link", { name: /^Test tcp / })).toHaveAttribute(
    "href",
    /192\.168\.0\.2:143\+in/,
  );
  await expect(kinds.filter({ hasText: "now permitted by ssh, rule 1" })).toContainText("dst 192.168.0.1");
  expect(await look(page, "packets")).toEqual([]);

  await setDraft(lab, OLD.replace("flow ssh", "flow shell"));
  await expect(page.getByRole("tabpanel")).toContainText("No packet is treated differently.");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("no packet is treated differently");
});

test("hundreds of kinds and regions are read page by page", async ({ lab, signedIn: page }) => {
  const flows = (policy: (at: number) => string) =>
    Array.from(
      { length: 350 },
      (_, at) =>
        `flow f${at} ${policy(at)} match proto tcp dst 10.${at >> 8}.${at & 255}.1 dstport ${at + 1}\n`,
    ).join("");
  await setDraft(
    lab,
    flows((at) => `table ${at + 1000}`),
  );
  await page.goto(`${lab.url}/review`);
  const kinds = page.getByRole("list", { name: "Packets that are treated differently" }).locator("> li");
  await expect(kinds).toHaveCount(10);
  await page.getByRole("button", { name: "Show 90 more kinds of 340" }).click();
  await expect(kinds).toHaveCount(100);
  await page.getByRole("button", { name: "Show 100 more kinds of 250" }).click();
  await expect(kinds).toHaveCount(200);
  const names = await kinds.locator("a[href^='/flows/']").allTextContents();
  expect(new Set(names).size).toBe(200);

  await setDraft(
    lab,
    flows(() => "permit"),
  );
  await expect(kinds).toHaveCount(1);
  const regions = kinds.first().getByRole("listitem");
  await expect(regions).toHaveCount(3);
  await kinds.first().getByRole("button", { name: "17 further regions, and more" }).click();
  await expect(regions).toHaveCount(20);
  await kinds.first().getByRole("button", { name: "And more" }).click();
  await expect(regions).toHaveCount(100);
  await kinds.first().getByRole("button", { name: "And more" }).click();
  await expect(regions).toHaveCount(200);
  expect(new Set(await regions.allTextContents()).size).toBe(200);
});

test("an expectation that fails is said where it is typed, and Apply waits for it", async ({
  lab,
  signedIn: page,
}) => {
  await page.goto(`${lab.url}/text`);
  const editor = page.getByRole("textbox", { name: "The flows as text" });
  await editor.click();
  await page.keyboard.insertText(`${OLD}\nexpect permit proto tcp dst 192.168.0.2 dstport 25:26\n`);
  const problems = page.getByRole("region", { name: "Errors and warnings" });
  await expect(problems).toContainText(
    /does not hold: tcp \S+ -> 192\.168\.0\.2:26 in \S+ is denied by alltherest, rule 1/,
  );
  await expect(page.getByText("In the draft")).toBeVisible();
  await page.goto(`${lab.url}/review`);
  const apply = page.getByRole("button", { name: "Apply", exact: true });
  await expect(apply).toHaveAttribute("aria-disabled", "true");
  await expect(apply).toHaveAccessibleDescription(/^1 expectation not met\./);
  await expect(page.getByRole("link", { name: "Go to the expectations" })).toHaveAttribute(
    "href",
    "/expectations",
  );
  expect(await look(page, "an expectation that fails")).toEqual([]);
});

test.describe("cut off", () => {
  test("in a namespace a lock-out is a warning with its mend", async ({ lab, signedIn: page }) => {
    await setDraft(lab, "flow alltherest deny match\n");
    await page.goto(`${lab.url}/review`);
    const notice = page.getByRole("region", { name: /usually needs/ });
    await expect(notice).toContainText(/denied by alltherest, rule 1/);
    await expect(notice.getByRole("checkbox")).toHaveCount(0);
    await expect(page.getByRole("button", { name: "Apply", exact: true })).toBeEnabled();
    expect(await look(page, "lock-out")).toEqual([]);
    const finding = notice.getByRole("listitem").filter({ has: page.getByRole("button") });
    const before = await finding.count();
    await finding.first().getByRole("button").click();
    await expect.poll(() => finding.count()).toBeLessThan(before);
    await expect.poll(() => draftText(lab)).toMatch(/state (established|\{)[\s\S]*flow alltherest/);
  });
});
