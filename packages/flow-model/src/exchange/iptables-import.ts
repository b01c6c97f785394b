/**
 * Import of what iptables-save prints. The mangle table's PREROUTING becomes flows and its OUTPUT outflows; of both
 * families, what they say alike is said once, and what only one says is said for that one alone.
 */
import type { Family } from "../family.ts";
import { familiesOf } from "../holds.ts";
import { NAME_LENGTH } from "../names.ts";
import type { Action, Flow } from "../schema.ts";
import { freeName } from "./free-name.ts";
import type { Imported, LeftOut } from "./imported.ts";
import { ChainWalk, type MadeFlow, type MadeRule, plainFlow } from "./iptables-chains.ts";
import { readSave, type SavedTable } from "./iptables-text.ts";
import { tidy } from "./iptables-tidy.ts";
import { mergeInOrder } from "./merge-in-order.ts";

export type IptablesOptions = {
  /** What marks stand for, by their value: `0x100`. Without it, rules that set marks are left out. */
  marks?: ReadonlyMap<string, Action>;
};

/** The flows of a text that iptables-save or ip6tables-save printed, with or without counters. Never throws. */
export function importIptables(text: string, { marks = new Map() }: IptablesOptions = {}): Imported {
  const { tables, leftOut } = readSave(text);
  const made: { [family in Family]?: MadeFlow[] } = {};
  for (const table of tables) {
    if (table.name !== "mangle" || made[table.family]) {
      leftOut.push(...unread(table, table.name === "mangle"));
      continue;
    }
    const walk = new ChainWalk(table, marks);
    walk.enter("PREROUTING");
    walk.enter("OUTPUT");
    made[table.family] = walk.flows.map((flow) => tidy(flow, table.family));
    leftOut.push(...notSaid(table, walk));
  }
  const items = named(familiesJoined(made[4], made[6]));
  return { config: { items, comment: [] }, leftOut: leftOut.sort((a, b) => a.line - b.line) };
}

function unread({ name, family, rules, chains }: SavedTable, twice: boolean): LeftOut[] {
  const reason = twice
    ? `a second table mangle of IPv${family}; import it by itself`
    : `of the table ${name}; flows live in mangle`;
  const policies = [...chains.values()].filter(({ policy }) => policy !== null && policy !== "ACCEPT");
  return [...policies, ...rules].map(({ line, text }) => ({ line, text, reason }));
}

function notSaid({ chains, rules }: SavedTable, { said, unsaid, dead, idle }: ChainWalk): LeftOut[] {
  const listed: LeftOut[] = [];
  for (const [name, { line, text, policy }] of chains) {
    if (policy === null || policy === "ACCEPT") continue;
    const hint = name === "PREROUTING" ? "; to keep it, add a last flow: flow rest deny match" : "";
    listed.push({ line, text, reason: `the policy ${policy} of ${name} is not taken over${hint}` });
  }
  for (const { line, text, chain } of rules) {
    const refused = unsaid.get(line);
    if (refused === undefined && said.has(line)) continue;
    const reason = refused ?? idle.get(line) ?? (dead.has(line) ? DEAD : unreached(chain));
    listed.push({ line, text, reason });
  }
  return listed;
}

const DEAD = "no packet that comes here can meet it, so leaving it out changes nothing";

function unreached(chain: string): string {
  if (["INPUT", "FORWARD", "POSTROUTING"].includes(chain)) {
    return `of the hook ${chain}; flows judge PREROUTING and OUTPUT`;
  }
  return `of the chain ${chain}, which no line that was taken over leads to`;
}

/** What both families say alike once; a text of one family speaks of that one only. */
function familiesJoined(four: MadeFlow[] = [], six: MadeFlow[] = []): MadeFlow[] {
  const key = ({ kind, name, policy }: MadeFlow) => JSON.stringify([kind, name, policy]);
  return mergeInOrder(four, six, key).map(({ left, right, one }) => {
    if (left && right) return { ...left, rules: rulesJoined(left.rules, right.rules) };
    const family = left ? 4 : 6;
    const pinned = (rule: MadeRule) => (rule.verb === "match" ? pin(rule, family) : rule);
    return { ...one, rules: one.rules.map(pinned) };
  });
}

function rulesJoined(four: readonly MadeRule[], six: readonly MadeRule[]): MadeRule[] {
  const key = ({ verb, conditions }: MadeRule) => JSON.stringify([verb, conditions]);
  return mergeInOrder(four, six, key).map(({ left, right, one }) =>
    left && right ? one : pin(one, left ? 4 : 6),
  );
}

/** The rule for packets of one family alone. */
function pin(rule: MadeRule, family: Family): MadeRule {
  if (familiesOf(rule).every((one) => one === family)) return rule;
  const src = { not: false, values: [family === 4 ? "0.0.0.0/0" : "::/0"] };
  const { iface, proto, ...rest } = rule.conditions;
  return { ...rule, conditions: { ...(iface ? { iface } : {}), ...(proto ? { proto } : {}), src, ...rest } };
}

function named(made: readonly MadeFlow[]): Flow[] {
  const taken = new Set<string>();
  /** The number behind the last flow that a chain became. */
  const last = new Map<string, number>();
  return made.map((one) => {
    const wanted = flowName(one.name);
    const own = freeName(wanted, taken, (last.get(wanted) ?? 1) + 1);
    taken.add(own);
    if (own !== wanted) last.set(wanted, Number(/\d+$/.exec(own)?.[0]));
    return { ...plainFlow(one), name: own };
  });
}

/** The chain of flow `ssh` is `@ssh`; of another chain, what a name can hold. */
function flowName(chain: string): string {
  if (chain === "PREROUTING" || chain === "OUTPUT") return chain.toLowerCase();
  const letters = chain.replace(/^@+/, "").replace(/[^A-Za-z0-9_-]/g, "-");
  return letters.slice(0, NAME_LENGTH) || "chain";
}
