/**
 * A config of the whole language by form alone and by text alone: the same draft, and the same text in the kernel.
 *
 * A handful of flows in `npm test`; three hundred by `FLOWMGR_FLOWS=300 npm run e2e -- whole`.
 */
import {
  type Condition,
  type Config,
  type Flow,
  flowsOf,
  type List,
  print,
  type Rule,
} from "@flowmgr/flow-model";
import type { Locator, Page } from "playwright/test";
import { draftText, expect, type Lab, test } from "./lab.ts";
import { LISTS, wholeConfig } from "./whole-config.ts";

test.use({ fresh: true });

const FLOWS = Number(process.env.FLOWMGR_FLOWS ?? 14);

/** Milliseconds; a flow by form takes two to ten seconds, as busy as the machine is. */
const LIMIT = 240_000 + FLOWS * 20_000;

/** All that is ours in the kernel, both families, as text without counters. */
function kernelText(lab: Lab): string {
  const rules = ["iptables-save", "ip6tables-save"]
    .flatMap((tool) => lab.inside(tool, "-t", "mangle").split("\n"))
    .filter((line) => /^(:|-A )(FLOWS|OUTFLOWS|DIRECTORS|DEFRAGMENT|@)/.test(line));
  const routing = ["-4", "-6"].flatMap((family) => [
    ...lab.inside("ip", family, "rule").split("\n"),
    // Routes of directors: their tables are 0x666c0000 and on.
    ...lab
      .inside("ip", family, "route", "show", "table", "all")
      .split("\n")
      .filter((line) => / table 17183\d+ /.test(line)),
  ]);
  return [...rules, ...routing].join("\n");
}

async function go(page: Page, place: string): Promise<void> {
  await page.getByRole("navigation", { name: "Places" }).getByRole("link", { name: place }).click();
}

async function applyAndKeep(page: Page): Promise<void> {
  await go(page, "Review");
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  const question = page.getByRole("region", { name: "Keep these rules?" });
  await question.getByRole("button", { name: "Keep" }).click({ timeout: 120_000 });
  await expect(question).toBeHidden();
}

/** The config that is typed first, and what it is edited to: one more rule in each tenth flow. */
const added: Rule = {
  verb: "match",
  off: false,
  comment: [],
  note: "",
  conditions: { proto: { not: false, values: ["udp"] }, dstport: { not: false, values: ["53", "5353"] } },
};
const typed = wholeConfig(FLOWS);
const edited = flowsOf(typed).filter((_, index) => index % 10 === 4);
const wanted: Config = {
  ...typed,
  items: typed.items.map((item) =>
    item.kind === "flow" || item.kind === "outflow"
      ? edited.includes(item)
        ? { ...item, rules: [...item.rules, added] }
        : item
      : item,
  ),
};

const LABELS = {
  iface: "interface",
  proto: "protocol",
  src: "from address",
  dst: "to address",
  srcport: "source port",
  dstport: "port",
  icmptype: "ICMP type",
  state: "state",
} as const;

async function addCondition(
  panel: Locator,
  number: number,
  kind: keyof typeof LABELS,
  { not, values }: Condition,
): Promise<void> {
  const page = panel.page();
  await panel.getByRole("button", { name: `Add a condition to rule ${number}` }).click();
  await page.getByRole("menuitem", { name: LABELS[kind], exact: true }).click();
  await page.keyboard.type(values.join(" "));
  await page.keyboard.press("Enter");
  if (not) await panel.getByRole("button", { name: `not, ${LABELS[kind]}, rule ${number}` }).click();
}

async function addRule(panel: Locator, number: number, rule: Rule): Promise<void> {
  const page = panel.page();
  await panel.getByRole("button", { name: "+ Rule" }).click();
  await panel.getByRole("button", { name: `Remove protocol, rule ${number}` }).click();
  if (rule.verb === "ignore") await panel.getByRole("button", { name: `match, rule ${number}` }).click();
  for (const kind of Object.keys(LABELS) as (keyof typeof LABELS)[]) {
    const condition = rule.conditions[kind];
    if (condition) await addCondition(panel, number, kind, condition);
  }
  const choose = async (entry: string) => {
    await panel.getByRole("button", { name: `Actions of rule ${number}` }).click();
    await page.getByRole("menuitem", { name: entry, exact: true }).click();
  };
  if (rule.off) await choose("Switch off");
  if (rule.note !== "") {
    await choose("Add a comment");
    await panel.getByRole("textbox", { name: `Note on the line of rule ${number}` }).fill(rule.note);
    await page.keyboard.press("Enter");
  }
}

/** The panel of a flow by its name, whatever the flow judges. */
const panelOf = (page: Page, name: string) =>
  page.getByRole("complementary", { name: new RegExp(`low ${name}$`) });

async function addFlow(page: Page, flow: Flow): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.keyboard.type(flow.kind === "outflow" ? "New outflow" : "New flow");
  await page.keyboard.press("Enter");
  const fresh = panelOf(page, `new-${flow.kind}`);
  await fresh.getByLabel("Name", { exact: true }).fill(flow.name);
  await page.keyboard.press("Enter");
  const panel = panelOf(page, flow.name);
  const { policy } = flow;
  if (policy) await panel.getByRole("radio", { name: policy.action }).check();
  if (policy?.action === "director" || policy?.action === "table") {
    const field = panel.getByRole("combobox", { name: /^(Director|Routing table)/ });
    await field.fill(policy.action === "director" ? policy.director : policy.table);
    await page.keyboard.press("Enter");
  }
  for (const [index, rule] of flow.rules.entries()) await addRule(panel, index + 1, rule);
  if (flow.comment.length > 0) {
    await panel.getByLabel("Comment", { exact: true }).fill(flow.comment.join("\n"));
    await page.keyboard.press("Tab");
  }
  if (!flow.skipped) await panel.getByRole("switch", { name: `${flow.name} is on` }).click();
  await panel.getByRole("button", { name: `More actions of ${flow.name}` }).click();
  const last = page.getByRole("menuitem", { name: "Move to end" });
  if (await last.isEnabled()) await last.click();
  else await page.keyboard.press("Escape");
}

async function addList(page: Page, list: List): Promise<void> {
  await page.getByRole("button", { name: /^(New list|\+ List)$/ }).click();
  const dialog = page.getByRole("dialog", { name: "New list" });
  await dialog.getByLabel("Name").fill(list.name);
  await dialog.getByRole("textbox", { name: "Values" }).fill(list.values.join("\n"));
  await dialog.getByRole("button", { name: "Add the list" }).click();
  await expect(page.getByRole("complementary", { name: `List ${list.name}` })).toBeVisible();
}

async function byForm(page: Page, lab: Lab): Promise<void> {
  await go(page, "Lists");
  for (const list of LISTS) await addList(page, list);
  await go(page, "Flows");
  for (const flow of flowsOf(typed)) await addFlow(page, flow);
  await expect.poll(() => draftText(lab)).toBe(print(typed));
  for (const flow of edited) {
    await page.goto(`${lab.url}/flows/${flow.name}`);
    await addRule(panelOf(page, flow.name), flow.rules.length + 1, added);
  }
}

async function byText(page: Page, lab: Lab): Promise<void> {
  await go(page, "Text");
  await page.getByRole("textbox", { name: "The flows as text" }).click();
  await page.keyboard.insertText(print(typed));
  await expect.poll(() => draftText(lab)).toBe(print(typed));
  for (const flow of edited) {
    const field = page.getByRole("combobox", { name: "Go to a flow or list" });
    await field.fill(flow.name);
    await field.press("Enter");
    // To the end of its last rule: a rule of this config has one line, comments of a flow stand above it.
    for (const _ of flow.rules) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("End");
    await page.keyboard.insertText("\n  match proto udp dstport { 53, 5353 }");
  }
}

// One after the other in one process: the second compares with what the first left in its kernel.
test.describe.configure({ mode: "serial" });

let ofForm = "";

test(`${FLOWS} flows by form alone`, async ({ lab, signedIn: page }) => {
  test.setTimeout(LIMIT);
  await byForm(page, lab);
  await expect.poll(() => draftText(lab)).toBe(print(wanted));
  await applyAndKeep(page);
  ofForm = kernelText(lab);
  expect(ofForm).toContain(":@flow-000");
});

test(`${FLOWS} flows by text alone: the same kernel`, async ({ lab, signedIn: page }) => {
  test.setTimeout(LIMIT);
  await byText(page, lab);
  await expect.poll(() => draftText(lab)).toBe(print(wanted));
  await applyAndKeep(page);
  expect(kernelText(lab)).toBe(ofForm);
});
