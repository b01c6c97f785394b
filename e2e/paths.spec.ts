/** The Paths place: what flows name, where it is used, and whether packets get through. */
import { expect, FIVE, test } from "./lab.ts";

test("without flows it says what would stand there", async ({ lab, signedIn: page }) => {
  await page.goto(`${lab.url}/paths`);
  await expect(page.getByText("No flow names a director.")).toBeVisible();
});

test("a director, its flows and its health as the kernel has it", async ({ lab, signedIn: page }) => {
  const off = "flow spare skip director maildirect match proto tcp dst 192.168.0.2 dstport 465\n";
  expect((await lab.rest("PUT", "/api/v1/config", off + FIVE)).status).toBe(200);
  await page.goto(`${lab.url}/paths`);
  const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: /^maildirect/ }) });
  await expect(row).toContainText("0x100");
  await expect(row.getByRole("listitem").filter({ hasText: "spare" })).toContainText("off");
  const health = (what: string) =>
    row.getByRole("listitem").filter({ has: page.getByText(what, { exact: true }) });
  await expect(health("ip rule")).toContainText("ok");
  await expect(health("local route")).toContainText("ok");

  const rule = lab
    .inside("ip", "rule")
    .split("\n")
    .find((line) => line.includes("fwmark 0x100/0xff00"));
  const table = /lookup (\S+)/.exec(rule ?? "")?.[1] ?? "";
  lab.inside("ip", "rule", "del", "fwmark", "0x100/0xff00", "lookup", table);
  await expect(health("ip rule")).toContainText("error", { timeout: 40_000 });
  await expect(page.getByRole("heading", { level: 1 })).toContainText("1 error");

  await row.getByRole("link", { name: "mail", exact: true }).click();
  await expect(page.getByRole("complementary", { name: "Flow mail" })).toBeVisible();
});

test("an interface that the machine does not have is seen", async ({ lab, signedIn: page }) => {
  expect((await lab.rest("PUT", "/api/v1/config", "flow far permit match iface wan9")).status).toBe(200);
  await page.goto(`${lab.url}/paths`);
  const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: /^wan9/ }) });
  await expect(row).toContainText("not there");
  await expect(row.getByRole("link", { name: "far" })).toBeVisible();
});

test.describe("on a server of its own", () => {
  test.use({ fresh: true });

  test("a director's mark is set by hand: refused in place, then in force with the next apply", async ({
    lab,
    signedIn: page,
  }) => {
    expect((await lab.rest("PUT", "/api/v1/config", FIVE)).status).toBe(200);
    lab.inside("ip", "rule", "add", "fwmark", "0x500/0xff00", "lookup", "77");
    // How soon the server looks by itself depends on what a look costs; this asks it to look now.
    await lab.rest("GET", "/api/v1/status?verify=true");
    await page.goto(`${lab.url}/paths`);
    const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: /^maildirect/ }) });
    await row.getByRole("button", { name: "Set mark of maildirect" }).click();
    const form = page.getByRole("form", { name: "Mark of maildirect" });
    await expect(form.getByLabel("Mark", { exact: true })).toBeFocused();
    await page.keyboard.type("0x500");
    await page.keyboard.press("Enter");
    await expect(form).toContainText("Mark 0x500 belongs to ip rule to table 77.");
    await form.getByLabel("Mark", { exact: true }).fill("0x700");
    await form.getByRole("button", { name: "Set", exact: true }).click();
    await expect(form).toBeHidden();
    await expect(row).toContainText("0x100");
    await expect(row).toContainText("0x700 at the next apply");
    await row.getByRole("link", { name: "at the next apply" }).click();

    const headline = page.getByRole("heading", { level: 1 });
    await expect(headline).toContainText("Director maildirect gets mark 0x700, was 0x100");
    await page.getByRole("button", { name: "Apply", exact: true }).click();
    await expect(page.getByRole("region", { name: "Keep these rules?" })).toBeVisible();
    expect((await lab.rest("POST", "/api/v1/apply/confirm", { revision: 2 })).status).toBe(200);
    await expect.poll(() => lab.inside("ip", "rule")).toContain("fwmark 0x700/0xff00");
    await page.goto(`${lab.url}/paths`);
    await expect(row).toContainText("0x700 by hand");
    await expect(row).not.toContainText("0x100");
    await row.getByRole("button", { name: "Set mark of maildirect" }).click();
    await form.getByRole("button", { name: "Any mark will do" }).click();
    await expect(form).toBeHidden();
    await expect(row).not.toContainText("by hand");
  });
});
