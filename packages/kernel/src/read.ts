/** What of ours stands on the machine now. Nothing here changes anything. */
import {
  type FamilyName,
  type FamilyState,
  type IpRule,
  type LocalRoute,
  normaliseRule,
  OUR_PRIORITY,
} from "@flowmgr/flow-compiler";
import type { Capabilities, Tools } from "./capabilities.ts";
import { Refusal } from "./errors.ts";
import { isOurRoute, isOurRule, type JsonRoute, type JsonRule, ourChains, ourHooks } from "./ours.ts";
import { complaint, succeeded } from "./run.ts";
import type { SavedTable } from "./save.ts";
import { readTables } from "./saved-tables.ts";
import type { Target } from "./target.ts";

export type Machine = { target: Target; capabilities: Capabilities };

/** The part of one family, ours and foreign. */
export type FamilyReading = {
  state: FamilyState;
  /** Every table that was asked for and is there; mangle also for itself. */
  tables: SavedTable[];
  mangle: SavedTable;
  /** What of the tables could not be read, as a sentence. */
  unread: string | null;
  /** Chains of mangle that others made. */
  foreignChains: string[];
  ipRules: JsonRule[];
  routes: JsonRoute[];
};

export type OwnReading = { ip: FamilyReading; ip6: FamilyReading | null };

/** Chains that are ours though nothing leads to them: what the last apply wrote down. */
export type Remembered = { ip: readonly string[]; ip6: readonly string[] };

/**
 * What is ours now, in both families: all that an apply needs to know. With "all" the tables of others are read in the
 * same go. Throws Refusal when a tool fails.
 */
export async function readOwn(
  machine: Machine,
  remembered: Remembered,
  tables: "mangle" | "all" = "mangle",
): Promise<OwnReading> {
  const { ip, ip6 } = machine.capabilities;
  const [v4, v6] = await Promise.all([
    readFamily(machine.target, ip, remembered.ip, tables),
    ip6 === null ? null : readFamily(machine.target, ip6, remembered.ip6, tables),
  ]);
  return { ip: v4, ip6: v6 };
}

async function readFamily(
  target: Target,
  tools: Tools,
  remembered: readonly string[],
  which: "mangle" | "all",
): Promise<FamilyReading> {
  const [{ tables, mangle, unread }, routing] = await Promise.all([
    readTables(target, tools, which),
    ask(target, tools, [...tools.ip, "-N", "-json", "-batch", "-"], "rule show\nroute show table all\n"),
  ]);
  // One line of JSON for each line of the batch.
  const [rulesLine = "[]", routesLine = "[]"] = routing.split("\n");
  const ipRules: JsonRule[] = JSON.parse(rulesLine);
  const routes: JsonRoute[] = JSON.parse(routesLine);
  const ours = ourChains(mangle, remembered);
  const users = [...mangle.chains.values()].filter((chain) => !chain.builtIn);
  return {
    state: {
      chains: users
        .filter((chain) => ours.has(chain.name))
        .map(({ name, rules }) => ({
          name,
          rules: rules.map((rule) => normaliseRule(rule.words, tools.family)),
        })),
      hooks: ourHooks(mangle),
      ipRules: ipRules.filter(isOurRule).map(ipRule),
      routes: routes.filter(isOurRoute).map((route) => localRoute(route, tools.family)),
    },
    tables,
    mangle,
    unread,
    foreignChains: users.filter((chain) => !ours.has(chain.name)).map((chain) => chain.name),
    ipRules,
    routes,
  };
}

/** Numbers as numbers: `0x10` too. Without a mask, ip means all bits. */
export function ipRule(rule: JsonRule): IpRule {
  return {
    mark: Number(rule.fwmark),
    mask: Number(rule.fwmask ?? "0xffffffff"),
    table: Number(rule.table),
    ...(rule.priority !== OUR_PRIORITY && { priority: rule.priority }),
  };
}

function localRoute(route: JsonRoute, family: FamilyName): LocalRoute {
  const everything = family === "ip" ? "0.0.0.0/0" : "::/0";
  return {
    destination: route.dst === "default" ? everything : route.dst,
    table: Number(route.table),
  };
}

/** What the command prints. Throws Refusal when it fails. */
export async function ask(
  target: Target,
  tools: Tools,
  argv: readonly string[],
  stdin = "",
): Promise<string> {
  const ran = await target.run(argv, { stdin });
  if (!succeeded(ran)) throw new Refusal(complaint(ran), tools.family, null, complaint(ran));
  return ran.stdout;
}
