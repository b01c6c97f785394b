/**
 * An admin about to cut himself off: a machine of its own, its browser on another one, a wire between them. Review says
 * so, mends it, and obeys who insists; the machine comes back by itself.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, expect, type Page, test } from "playwright/test";
import { makeHost } from "../apps/api/test/host.ts";
import { look } from "./looks.ts";
import config from "./playwright.config.ts";

const HERE = "10.1.0.1";
const ADMIN = "10.1.0.7";
const CUTS_OFF = `flow others deny
  match src 10.1.0.0/16
`;

/** A server on its machine and a page of it on the admin's. */
async function withAdmin(use: (page: Page, inside: (...argv: string[]) => string) => Promise<void>) {
  const host = makeHost();
  const client = `${host.namespace}-c`;
  const scratch = mkdtempSync(join(tmpdir(), "flowmgr-browser-"));
  const ip = (...argv: string[]) => execFileSync("ip", argv);
  ip("netns", "add", client);
  try {
    ip(
      "link",
      "add",
      "eth0",
      "netns",
      client,
      "type",
      "veth",
      "peer",
      "name",
      "eth0",
      "netns",
      host.namespace,
    );
    for (const [namespace, address] of [
      [host.namespace, HERE],
      [client, ADMIN],
    ] as const) {
      ip("-n", namespace, "address", "add", `${address}/24`, "dev", "eth0");
      ip("-n", namespace, "link", "set", "eth0", "up");
      ip("-n", namespace, "link", "set", "lo", "up");
    }
    const flags = ["--listen", `${HERE}:8080`, "--insecure-http", "--confirm-within", "8"];
    const served = await host.served(host.command(["serve", "--yes", ...flags]));
    const browser = await chromium.launch({
      ...config.use?.launchOptions,
      executablePath: browserIn(client, scratch),
    });
    try {
      const page = await browser.newPage({ reducedMotion: "reduce", viewport: { width: 1440, height: 900 } });
      await page.goto(`http://${HERE}:8080`);
      await page.getByLabel("Token").fill(readFileSync(join(host.data, "admin-token"), "utf8").trim());
      await page.keyboard.press("Enter");
      await expect(page.getByRole("navigation").first()).toBeVisible();
      await use(page, host.inside);
    } finally {
      await browser.close();
      await served.stop();
    }
  } finally {
    ip("netns", "delete", client);
    host.remove();
    rmSync(scratch, { recursive: true });
  }
}

/** A program that starts the browser in a namespace. */
function browserIn(namespace: string, scratch: string): string {
  const path = join(scratch, "browser");
  const { executablePath } = Object(config.use?.launchOptions);
  writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${namespace} ${executablePath} "$@"\n`, { mode: 0o755 });
  return path;
}

test("who would cut himself off is told, helped, and obeyed if he insists", async () => {
  await withAdmin(async (page, inside) => {
    await page.goto(`http://${HERE}:8080/text`);
    await page.getByRole("textbox", { name: "The flows as text" }).click();
    await page.keyboard.insertText(CUTS_OFF);
    await expect(page.getByText("In the draft")).toBeVisible();
    await page
      .getByRole("link", { name: /^Review/ })
      .first()
      .click();

    const notice = page.getByRole("region", { name: "This would cut you off." });
    await expect(notice).toContainText(`${ADMIN}`);
    await expect(notice).toContainText("would be denied by others, rule 1");
    const insists = notice.getByRole("checkbox", { name: "I know that this cuts me off" });
    await expect(insists).not.toBeChecked();
    const apply = page.getByRole("button", { name: "Apply to this machine" });
    await expect(apply).toHaveAttribute("aria-disabled", "true");
    await expect(apply).toHaveAccessibleDescription("Somebody would be cut off: see above.");
    await apply.click({ force: true });
    expect(inside("iptables-save", "-t", "mangle")).not.toContain("@others");
    expect(await look(page, "cut off")).toEqual([]);

    // What is offered mends it, and one Undo takes that back.
    await notice.getByRole("button").first().click();
    await expect(notice).toBeHidden();
    await expect(apply).not.toHaveAttribute("aria-disabled", "true");
    await page.getByRole("button", { name: "Undo", exact: true }).click();
    await expect(notice).toBeVisible();

    await insists.check();
    await expect(apply).not.toHaveAttribute("aria-disabled", "true");
    await apply.click();
    await expect.poll(() => inside("iptables-save", "-t", "mangle")).toContain("@others");
    // Nobody can answer, so the machine comes back by itself.
    await expect.poll(() => inside("iptables-save", "-t", "mangle")).not.toContain("@others");
    await expect(page.getByText(/old rules (are|came) back/i).first()).toBeVisible();
    await expect(insists).not.toBeChecked();
  });
});
