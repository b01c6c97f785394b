/** What of ours stands on the machine now. Nothing here changes anything. */
import {
  type ChainState,
  type FamilyName,
  type FamilyState,
  type IpRule,
  type LocalRoute,
  normaliseRule,
  OUR_PRIORITY,
  type SetState,
} from "@flowmgr/flow-compiler";
import type { Capabilities, Tools } from "./capabilities.ts";
import { Refusal } from "./errors.ts";
import {
  batchOf,
  isOurRoute,
  isOurRule,
  type JsonRoute,
  type JsonRule,
  ourChains,
  ourHooks,
} from "./ours.ts";
import { complaint, succeeded } from "./run.ts";
import type { SavedChain, SavedTable } from "./save.ts";
import { readTables } from "./saved-tables.ts";
import { readSets } from "./sets.ts";
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

export type OwnReading = { ip: FamilyReading; ip6: FamilyReading | null; sets: readonly SetState[] };

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
  const [v4, v6, sets] = await Promise.all([
    readFamily(machine.target, ip, remembered.ip, tables),
    ip6 === null ? null : readFamily(machine.target, ip6, remembered.ip6, tables),
    readSets(machine),
  ]);
  return { ip: v4, ip6: v6, sets };
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
  const [ipRules, routes] = parseRouting(tools, routing);
  const ours = ourChains(mangle, remembered);
  const users = [...mangle.chains.values()].filter((chain) => !chain.builtIn);
  return {
    state: {
      chains: users.filter((chain) => ours.has(chain.name)).map((chain) => chainState(chain, tools.family)),
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

function chainState({ name, rules }: SavedChain, family: FamilyName): ChainState {
  const end = rules.findIndex(({ words }) => batchOf(words) !== null);
  const met = end < 0 ? rules : rules.slice(0, end);
  const words = met.map((rule) => normaliseRule(rule.words, family));
  return { name, rules: words, ...(end >= 0 && { retired: rules.length - end }) };
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

/** One line of JSON for each line of the batch. Throws Refusal when that is not what ip has printed. */
function parseRouting(tools: Tools, text: string): [JsonRule[], JsonRoute[]] {
  const [rules = "", routes = ""] = text.split("\n");
  try {
    return [JSON.parse(rules), JSON.parse(routes)];
  } catch {
    const said = `${tools.ip.join(" ")} did not print ip rules and routes whole`;
    throw new Refusal(said, tools.family, null, said);
  }
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
