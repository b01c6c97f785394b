/** Test: a packet against draft and running, sent for real, packets searched for, and what must be true of them. */
import { applyForGood, draftText, expect, setDraft, test } from "./lab.ts";
import { look } from "./looks.ts";

const FLOWS = `flow ssh permit
  ignore not src 192.168.0.0/24
  match proto tcp dst 192.168.0.1 dstport 22

flow a1 permit
  match proto udp dst 10.4.0.1

flow a2 permit
  match proto udp dst 10.4.0.2

flow a3 permit
  match proto udp dst 10.4.0.3

flow mail permit
  match proto tcp dst 192.168.0.1 dstport { 25, 110 }

flow alltherest deny
  match
`;
const MAIL_DENIED = FLOWS.replace("flow mail permit", "flow mail deny");
const MAIL = "tcp 192.168.0.10:4000 -> 192.168.0.1:110 in eth0";
const SSH = "expect deny proto tcp not src 192.168.0.0/24 dst 192.168.0.1 dstport 22";

const linked = (line: string) => `/test?packet=${encodeURIComponent(line)}`;

test("a packet is judged by draft and running side by side, step by step", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, FLOWS);
  await applyForGood(lab);
  await setDraft(lab, MAIL_DENIED);
  await page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: "Test" }).click();
  const line = page.getByRole("textbox", { name: "Packet as a line" });
  await line.fill(MAIL);
  await expect(page.getByRole("combobox", { name: "To", exact: true })).toHaveValue("192.168.0.1");
  const draft = page.getByRole("region", { name: "Draft" });
  const running = page.getByRole("region", { name: "Running" });
  await expect(draft).toContainText("denied");
  await expect(running).toContainText("permitted");
  await expect(page.getByText("Another verdict after the apply")).toBeVisible();
  await expect(running).toContainText("not src 192.168.0.0/24 does not hold: it comes from 192.168.0.10");
  await expect(running).toContainText("dstport 22 does not hold: its destination port is 110");

  const fold = draft.getByRole("button", { name: "3 flows do not concern it" });
  await expect(draft.getByText("match proto udp dst 10.4.0.2")).toHaveCount(0);
  await fold.click();
  await expect(draft.getByText("match proto udp dst 10.4.0.2")).toBeVisible();

  await page.getByRole("combobox", { name: "Port", exact: true }).fill("22");
  await expect(line).toHaveValue("tcp 192.168.0.10:4000 -> 192.168.0.1:22 in eth0");
  await expect(page.getByText("The same verdict before and after the apply.")).toBeVisible();
  await expect(page).toHaveURL(/packet=tcp\+192\.168\.0\.10:4000/);

  await page.getByRole("combobox", { name: "Protocol" }).fill("icmp");
  await expect(page.getByRole("combobox", { name: "Port", exact: true })).toHaveCount(0);
  await expect(page.getByText("Still missing: ICMP type.")).toBeVisible();
  await page.getByRole("combobox", { name: "ICMP type" }).fill("echo-request");
  await expect(running).toContainText("denied");
  await draft.getByRole("link", { name: "alltherest" }).first().click();
  await expect(page.getByRole("complementary", { name: "Flow alltherest" })).toBeVisible();
});

test("a link opens a packet, what was tested is remembered, and what is wrong is said at its field", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, FLOWS);
  await page.goto(lab.url + linked("udp 10.0.0.9:53 -> 10.4.0.2:53 in eth0"));
  await expect(page.getByRole("region", { name: "Draft" })).toContainText("by a2, rule 1");
  await expect
    .poll(() => page.evaluate(() => localStorage.getItem("flowmgr.tested-packets")))
    .toContain("udp 10.0.0.9:53");
  const line = page.getByRole("textbox", { name: "Packet as a line" });
  await line.fill("tcp 10.0.0.300:1 -> 192.168.0.0/24:70000 in eth0");
  await expect(page.getByText(/"192.168.0.0\/24" is a network. A packet has one address/)).toBeVisible();
  for (const name of ["From", "To", "Port"])
    await expect(page.getByRole("combobox", { name, exact: true })).toHaveAttribute("aria-invalid", "true");
  await line.fill("IN=eth1 OUT= SRC=10.0.0.7 DST=192.168.0.1 LEN=60 PROTO=TCP SPT=4001 DPT=25 SYN");
  await expect(line).toHaveValue("tcp 10.0.0.7:4001 -> 192.168.0.1:25 in eth1");
  await expect(page).toHaveURL(/10\.0\.0\.7:4001/);
  await page.reload();
  await page
    .getByRole("region", { name: "Tested last" })
    .getByRole("button", { name: "udp 10.0.0.9:53" })
    .click();
  await expect(page.getByRole("region", { name: "Draft" })).toContainText("by a2, rule 1");
});

test("the packet is really sent, and the rule that was foretold counts it", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, FLOWS);
  await page.goto(lab.url + linked(MAIL));
  await applyForGood(lab);
  const count = () =>
    Number(
      /^\s*(\d+)/m.exec(
        lab.inside("iptables", "-t", "mangle", "-L", "@mail", "-v", "-x").split("\n").slice(2).join("\n"),
      )?.[1],
    );
  const before = count();
  await expect(page.getByRole("button", { name: "Send this packet" })).not.toHaveAttribute("aria-disabled");
  await page.getByRole("button", { name: "Send this packet" }).click();
  await expect(page.getByText(/^✓ .*mail, rule 1/)).toBeVisible();
  expect(count()).toBe(before + 1);
});

test("packets of a kind are searched: by line, by sentence, by verdict; a sample leads to the tester", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, FLOWS);
  await page.goto(`${lab.url}/test/search`);
  await page
    .getByRole("textbox", { name: "Packets, as the conditions of a rule" })
    .fill("dst 192.168.0.1 dstport 22");
  await expect(page.getByText("Proven over every packet.")).toBeVisible();
  const answers = page.getByRole("tabpanel");
  await expect(answers).toContainText("permitted by ssh, rule 2");
  await expect(answers).toContainText("denied by alltherest, rule 1");
  await page.getByRole("combobox", { name: "Verdict" }).selectOption("permit");
  await expect(answers).not.toContainText("alltherest");
  await page.getByRole("combobox", { name: "from address, the search" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Add a condition to the search" }).click();
  await page.getByRole("menuitem", { name: "from address" }).click();
  await page.keyboard.type("10.0.0.0/8");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await expect(page.getByText("No such packet gets this verdict.")).toBeVisible();
  await expect(page).toHaveURL(/q=src\+10\.0\.0\.0\/8\+dst\+192\.168\.0\.1\+dstport\+22&verdict=permit/);
  await page.getByRole("combobox", { name: "Verdict" }).selectOption("any");
  await expect(answers).toContainText("alltherest");
  await page.goto(`${lab.url}/test/search?q=src+192.168.0.0/24+dst+192.168.0.1+proto+tcp+dstport+22`);
  await expect(answers).toContainText("permitted by ssh, rule 2");
  await page.getByRole("button", { name: "Make this an expectation…" }).click();
  await expect(page.getByRole("dialog").getByRole("combobox", { name: "Must be" })).toHaveValue("permit");
  await page.keyboard.press("Escape");
  await page.goBack();
  await page
    .getByRole("link", { name: /^Test / })
    .first()
    .click();
  await expect(page.getByRole("region", { name: "Draft" })).toContainText("by alltherest, rule 1");
});

test("an expectation is made of a packet, widened, undone, and red with the packet that refutes it", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, FLOWS);
  await page.goto(lab.url + linked("tcp 10.0.0.1:4000 -> 192.168.0.1:22 in eth0"));
  await page.getByRole("button", { name: "Make this an expectation…" }).click();
  const dialog = page.getByRole("dialog", { name: "New expectation" });
  const exact = "expect deny iface eth0 proto tcp src 10.0.0.1 dst 192.168.0.1 srcport 4000 dstport 22";
  await expect(dialog.getByText(exact, { exact: true })).toBeVisible();
  await expect(dialog.getByText("It holds in the draft, for every packet.")).toBeVisible();
  for (const name of ["from address", "source port", "interface"])
    await dialog.getByRole("button", { name: `Remove ${name}, the expectation`, exact: true }).click();
  await expect(dialog.getByText("It fails in the draft:")).toBeVisible();
  await dialog.getByRole("button", { name: "Add the expectation" }).click();
  await expect.poll(() => draftText(lab)).toContain("expect deny proto tcp dst 192.168.0.1 dstport 22");

  await page.goto(`${lab.url}/expectations`);
  await expect(page.getByRole("tab", { name: /^Expectations/ })).toHaveAttribute("aria-selected", "true");
  await expect(page.getByText("1 fails: an apply is refused until all hold.")).toBeVisible();
  await page.getByRole("button", { name: /^Actions of expect/ }).click();
  await page.getByRole("menuitem", { name: "Search these packets" }).click();
  await expect(page).toHaveURL(/q=proto\+tcp\+dst\+192\.168\.0\.1\+dstport\+22/);
  await expect(page.getByRole("tabpanel")).toContainText("permitted by ssh, rule 2");
  await page.goBack();
  await page.getByRole("button", { name: /^Actions of expect/ }).click();
  await page.getByRole("menuitem", { name: "Change…" }).click();
  const change = page.getByRole("dialog", { name: "Expectation" });
  await change.getByRole("button", { name: "Add a condition to the expectation" }).click();
  await page.getByRole("menuitem", { name: "from address" }).click();
  await page.keyboard.type("not 192.168.0.0/24 ");
  await expect(change.getByText(SSH, { exact: true })).toBeVisible();
  await change.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("It holds, for every packet.")).toBeVisible();
  await expect.poll(() => draftText(lab)).toContain(SSH);
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await expect.poll(() => draftText(lab)).not.toContain(SSH);
  await page.getByRole("button", { name: "Redo" }).click();
  await expect.poll(() => draftText(lab)).toContain(SSH);

  await page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: "Text" }).click();
  await expect(page.getByRole("textbox", { name: "The flows as text" })).toContainText(SSH);
  await page.goto(`${lab.url}/test/expectations`);
  await page.getByRole("button", { name: /^Actions of expect/ }).click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await expect(page.getByText("Nothing is expected yet")).toBeVisible();
  await expect.poll(() => draftText(lab)).toBe(FLOWS);
});

test("an expectation is gone to by the palette, and takes another place", async ({ lab, signedIn: page }) => {
  const [one, two, three] = ["22", "23", "24"].map((port) => `expect undecided dstport ${port}`);
  await setDraft(lab, `${one}\nflow a permit\n${two}\n${three}\n`);
  await expect(page.locator("[data-flow=a]")).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("undecided dstport 24");
  await page.keyboard.press("Enter");
  const rows = page.getByRole("tabpanel").getByRole("listitem");
  await expect(rows.nth(2)).toHaveAttribute("aria-current", "true");
  await page.getByRole("button", { name: `Actions of ${three}` }).click();
  await expect(page.getByRole("menuitem", { name: "Move down" })).toHaveAttribute("aria-disabled", "true");
  await page.getByRole("menuitem", { name: "Move up" }).click();
  await expect(rows.nth(1)).toContainText("dstport 24");
  await page.getByRole("button", { name: `Actions of ${three}` }).click();
  await page.getByRole("menuitem", { name: "Move up" }).click();
  await expect
    .poll(async () => (await draftText(lab)).match(/expect .*|flow a/g))
    .toEqual([three, one, "flow a", two]);
});

test("while the text has errors the last valid version is tested, and nothing can be changed", async ({
  lab,
  signedIn: page,
}) => {
  await setDraft(lab, FLOWS);
  await page.goto(`${lab.url}/text`);
  await page.getByRole("textbox", { name: "The flows as text" }).press("Control+End");
  await page.keyboard.type("flow half");
  await page.keyboard.press("Escape");
  await page.keyboard.type(" way");
  const places = page.getByRole("navigation", { name: "Places" });
  await places.getByRole("link", { name: "Test" }).click();
  await expect(page.getByText(/Text has \d errors?/)).toBeVisible();
  await page.getByRole("textbox", { name: "Packet as a line" }).fill(MAIL);
  await expect(page.getByRole("region", { name: "Draft" })).toContainText("by mail, rule 1");
  await expect(page.getByRole("button", { name: "Make this an expectation…" })).toHaveAttribute(
    "title",
    "The draft is read-only while the text has errors.",
  );
});

test("by keys alone, and axe finds nothing", async ({ lab, signedIn: page }) => {
  const found: string[] = [];
  const see = async (what: string) => found.push(...(await look(page, what)));
  await setDraft(lab, FLOWS);
  await applyForGood(lab);
  await setDraft(
    lab,
    `${MAIL_DENIED}\n# We reach it.\nexpect permit proto tcp dst 192.168.0.1 dstport 25\n${SSH}\n`,
  );
  await page.keyboard.press("Control+k");
  await page.keyboard.type("search packets");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("tab", { name: "Packets" })).toHaveAttribute("aria-selected", "true");
  await see("no search yet");
  await page.keyboard.press("/");
  await page.keyboard.type("dst 192.168.0.1");
  await expect(page.getByText("Proven over every packet.")).toBeVisible();
  await see("a search");
  await page.getByRole("tab", { name: "Packets" }).focus();
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByRole("tab", { name: "One packet" })).toBeFocused();
  await see("no packet yet");
  await page.keyboard.press("/");
  await page.keyboard.type(MAIL);
  await page.keyboard.press("Tab");
  await expect(page.getByText("Another verdict after the apply")).toBeVisible();
  await see("a packet");
  await page.getByRole("button", { name: "Make this an expectation…" }).click();
  await see("a new expectation");
  await page.keyboard.press("Escape");
  await page
    .getByRole("textbox", { name: "Packet as a line" })
    .fill("tcp 10.0.0.300:1 -> 10.0.0.0/8:70000 in eth0 now");
  await see("a packet with mistakes");
  await page.goto(`${lab.url}/test/expectations`);
  await expect(page.getByText(/is .*denied/)).toBeVisible();
  await see("expectations");
  expect(found).toEqual([]);
});
