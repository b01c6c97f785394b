/** The Kernel place: what it shows is what the kernel says, and what differs is put right by one button. */
import { expect, FIVE, setDraft, test } from "./lab.ts";

const INSERTED = "-s 203.0.113.7/32 -j DROP";

test("shows the chains as iptables lists them, and counters as they tick", async ({
  lab,
  signedIn: page,
}) => {
  expect((await lab.rest("PUT", "/api/v1/config", FIVE)).status).toBe(200);
  await page.goto(`${lab.url}/kernel`);
  const chains = page.getByRole("table", { name: "Chains, IPv4" });
  const row = chains.getByRole("row").filter({ hasText: "ping, rule 3" });
  await expect(row).toContainText("-d 192.168.0.1/32 -p icmp");
  const cells = row.getByRole("cell");
  await expect(cells.first()).toHaveText("0");
  lab.fromClient("ping", "-c", "3", "-i", "0.2", "192.168.0.1");
  expect(lab.inside("iptables", "-t", "mangle", "-L", "@ping", "-v", "-n", "-x")).toMatch(
    /^ +3 +252 ACCEPT/m,
  );
  // The rest between two readings grows with what a reading costs.
  await expect(cells.first()).toHaveText("3", { timeout: 60_000 });
  await expect(cells.nth(1)).toHaveText("252");
  // As many rules as the kernel has in that chain.
  await page.getByLabel("Search chains and rules").fill("@mail accept");
  const rules = lab.chains().filter((line) => /^-A @mail .*-j ACCEPT/.test(line)).length;
  await expect(
    chains.getByRole("link", { name: /^mail, (rule \d|its director's ICMP errors)$/ }),
  ).toHaveCount(rules);
  await page.getByRole("tab", { name: "ip rules and routes" }).click();
  await expect(page.getByRole("region", { name: "IPv4 routing" })).toContainText(
    /fwmark 0x[0-9a-f]+\/0xff00/,
  );
  await page.getByRole("tab", { name: "IPv6" }).click();
  await expect(page.getByText("ip6tables", { exact: false })).toBeVisible();
});

test("what others have in the other back end of iptables is told", async ({ lab, signedIn: page }) => {
  await page.goto(`${lab.url}/kernel`);
  const warnings = page.getByRole("list", { name: "Warnings about the machine" });
  await expect(page.getByLabel("Search chains and rules")).toBeVisible();
  await expect(warnings).toBeHidden();
  const other = lab.inside("iptables", "--version").includes("nf_tables") ? "legacy" : "nft";
  lab.inside(`iptables-${other}`, "-w", "5", "-A", "INPUT", "-p", "tcp", "-j", "ACCEPT");
  await lab.rest("GET", "/api/v1/status?verify=true");
  // In whatever place somebody is, and on a small phone, the top bar leads here.
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto(`${lab.url}/flows`);
  const leads = page.getByRole("status").getByRole("link", { name: "1 warning", exact: true });
  const place = await leads.boundingBox();
  const search = await page.getByRole("button", { name: /^Command palette/ }).boundingBox();
  if (!place || !search) throw new Error("the top bar is not on the screen");
  expect(place.x + place.width).toBeLessThanOrEqual(search.x);
  await leads.click();
  await expect(warnings).toContainText(`Others have 1 rule or chain in the ${other} back end of iptables`);
});

test("rules lead to chains and back", async ({ lab, signedIn: page }) => {
  expect((await lab.rest("PUT", "/api/v1/config", FIVE)).status).toBe(200);
  await page.goto(`${lab.url}/flows/mail`);
  await page.getByRole("link", { name: "In the kernel" }).click();
  await expect(page).toHaveURL(/\/kernel#%40mail$/);
  await expect(page.getByRole("heading", { name: "@mail" })).toBeFocused();
  await page.getByRole("link", { name: "mail, rule 2" }).first().click();
  await expect(page).toHaveURL(/\/flows\/mail\?rule=2$/);
  const panel = page.getByRole("complementary", { name: "Flow mail" });
  await expect(panel.getByText("match proto tcp dst 192.168.0.2 dstport 143").first()).toBeVisible();
  await page.goBack();
  await page.getByLabel("Search chains and rules").fill("@dns");
  await page.getByRole("link", { name: "@dns", exact: true }).click();
  await expect(page.getByRole("heading", { name: "@dns" })).toBeFocused();
});

test("what somebody did behind its back is shown and put right", async ({ lab, signedIn: page }) => {
  expect((await lab.rest("PUT", "/api/v1/config", FIVE)).status).toBe(200);
  const right = lab.chains();
  lab.inside("iptables", "-w", "5", "-t", "mangle", "-F", "@alltherest");
  lab.inside("iptables", "-w", "5", "-t", "mangle", "-A", "@ssh", ...INSERTED.split(" "));
  // How soon the server looks by itself depends on what a look costs; this asks it to look now.
  await lab.rest("GET", "/api/v1/status?verify=true");
  await page.getByRole("link", { name: "drift" }).click();
  await expect(page).toHaveURL(/\/kernel\?view=drift$/);
  const difference = page.getByRole("region", { name: "Text that changes" });
  await expect(difference.getByRole("row").filter({ hasText: "removed: " })).toContainText(
    "-A @alltherest -j DROP",
  );
  await expect(difference.getByRole("row").filter({ hasText: "added: " })).toContainText(
    `-A @ssh ${INSERTED}`,
  );
  await expect(
    page.getByText("Repair puts 1 line back and takes 1 line out.", { exact: false }),
  ).toBeVisible();
  await page.getByRole("button", { name: /^Repair: put revision \d+ back$/ }).click();
  await expect(page.getByRole("status").filter({ hasText: "Repaired." })).toBeVisible();
  expect(lab.chains()).toEqual(right);
  await expect(page.getByText(/^No drift\./)).toBeVisible();
  await expect(page.getByRole("region", { name: "Put right lately" })).toContainText(
    /admin, revision \d+: IPv4: chains? .*@alltherest.* changed/,
  );
  await expect(page.getByRole("status").filter({ hasText: "in sync" })).toBeVisible();
});

test("a repair is refused, with its reason, while an apply waits for its answer", async ({
  lab,
  signedIn: page,
}) => {
  expect((await lab.rest("PUT", "/api/v1/config", FIVE)).status).toBe(200);
  const put = await lab.rest("PUT", "/api/v1/config?confirmWithin=120", `${FIVE}flow web permit match`);
  expect(put.status).toBe(200);
  lab.inside("iptables", "-w", "5", "-t", "mangle", "-F", "@web");
  await lab.rest("GET", "/api/v1/status?verify=true");
  await page.goto(`${lab.url}/kernel`);
  const repair = page.getByRole("button", { name: /^Repair/ });
  await expect(repair).toHaveAttribute("aria-disabled", "true", { timeout: 40_000 });
  await expect(repair).toHaveAccessibleDescription(/waits for its answer/);
  await repair.click({ force: true });
  expect(lab.chains()).not.toContain("-A @web -j ACCEPT");
});

test("a long list is a set that is called by its list; what somebody takes out of it is put back", async ({
  lab,
  signedIn: page,
}) => {
  const bad = Array.from({ length: 300 }, (_, at) => `203.0.${at >> 7}.${(at & 127) * 2}`);
  const config = `list bad { ${bad.join(", ")} }\n\nflow others deny\n  match not src @bad\n`;
  await setDraft(lab, config);
  await page.goto(`${lab.url}/review`);
  await page.getByRole("tab", { name: "Kernel" }).click();
  await expect(page.getByRole("region", { name: "IPv4", exact: true })).toContainText(
    /flowmgr-4-[0-9a-f]{16}: 300 networks, @bad/,
  );
  expect((await lab.rest("PUT", "/api/v1/config", config)).status).toBe(200);
  await page.goto(`${lab.url}/kernel`);
  const chains = page.getByRole("table", { name: "Chains, IPv4" });
  await page.getByLabel("Search chains and rules").fill("@bad");
  const rule = chains.getByRole("row").filter({ hasText: "DROP" });
  await expect(rule).toContainText(/! --match-set flowmgr-4-[0-9a-f]{16} src @bad/);
  await rule.getByRole("link", { name: "@bad" }).click();
  await expect(page.getByRole("complementary", { name: "List bad" })).toBeVisible();

  const [set = ""] = /flowmgr-4-\S+/.exec(lab.inside("ipset", "list", "-name")) ?? [];
  lab.inside("ipset", "del", set, "203.0.1.10");
  await lab.rest("GET", "/api/v1/status?verify=true");
  await page.goto(`${lab.url}/kernel?view=drift`);
  const difference = page.getByRole("region", { name: "Text that changes" });
  await expect(difference.getByRole("row").filter({ hasText: "ipset add" })).toContainText("203.0.1.10");
  await expect(
    page.getByText("Repair gives 1 set the networks of its list again.", { exact: false }),
  ).toBeVisible();
  await page.getByRole("button", { name: /^Repair: put revision \d+ back$/ }).click();
  await expect(page.getByRole("status").filter({ hasText: "Repaired." })).toBeVisible();
  expect(lab.inside("ipset", "list", set)).toContain("203.0.1.10");
});
