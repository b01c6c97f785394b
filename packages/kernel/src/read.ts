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
import type { Known, Memory, ReadOptions } from "./memory.ts";
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
import type { Tables } from "./saved-tables.ts";
import { readSets } from "./sets.ts";
import type { Target } from "./target.ts";

export type Machine = { target: Target; capabilities: Capabilities; memory: Memory };

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

export type OwnReading = {
  ip: FamilyReading;
  ip6: FamilyReading | null;
  sets: readonly SetState[];
  /** What rules have counted is what was read before. */
  recalled: boolean;
  /** As what these tables are remembered; null where nobody can say whether they still stand. */
  known: Known | null;
};

/** Chains that are ours though nothing leads to them: what the last apply wrote down. */
export type Remembered = { ip: readonly string[]; ip6: readonly string[] };

/** Names as a set, found once for a row of them, which is a value. */
export function setOf(names: readonly string[]): ReadonlySet<string> {
  const found = sets.get(names) ?? new Set(names);
  sets.set(names, found);
  return found;
}

const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

/**
 * What is ours now, in both families: all that an apply needs to know. With "all" the tables of others are read in the
 * same go. Throws Refusal when a tool fails.
 */
export async function readOwn(
  machine: Machine,
  remembered: Remembered,
  options: ReadOptions,
): Promise<OwnReading> {
  const { target, capabilities, memory } = machine;
  const { ip, ip6 } = capabilities;
  const [both, v4, v6, sets] = await Promise.all([
    memory.tables(target, capabilities, options),
    readRouting(machine, ip),
    ip6 === null ? null : readRouting(machine, ip6),
    readSets(machine),
  ]);
  return {
    ip: familyReading(both.ip, v4, remembered.ip, ip.family),
    ip6: both.ip6 && v6 && familyReading(both.ip6, v6, remembered.ip6, "ip6"),
    sets,
    recalled: both.recalled,
    known: both.known,
  };
}

/** `own`: what of it is ours. */
type Routing = {
  ipRules: JsonRule[];
  routes: JsonRoute[];
  own: Pick<FamilyState, "ipRules" | "routes">;
};

/** What was printed last, and what it says: mostly it is printed again, and is the same value then. */
const lastRouting = new WeakMap<Memory, { [family in FamilyName]?: { text: string; routing: Routing } }>();

async function readRouting({ target, memory }: Machine, tools: Tools): Promise<Routing> {
  const argv = [...tools.ip, "-N", "-json", "-batch", "-"];
  const text = await ask(target, tools, argv, "rule show\nroute show table all\n");
  const before = lastRouting.get(memory)?.[tools.family];
  const routing = before?.text === text ? before.routing : routingIn(text, tools);
  lastRouting.set(memory, { ...lastRouting.get(memory), [tools.family]: { text, routing } });
  return routing;
}

function routingIn(text: string, tools: Tools): Routing {
  const [ipRules, routes] = parseRouting(tools, text);
  const own = {
    ipRules: ipRules.filter(isOurRule).map(ipRule),
    routes: routes.filter(isOurRoute).map((route) => localRoute(route, tools.family)),
  };
  return { ipRules, routes, own };
}

function familyReading(
  { tables, mangle, unread }: Tables,
  { ipRules, routes, own }: Routing,
  remembered: readonly string[],
  family: FamilyName,
): FamilyReading {
  const { chains, hooks, foreignChains } = ownIn(mangle, remembered, family);
  return {
    state: { chains, hooks, ...own },
    tables,
    mangle,
    unread,
    foreignChains,
    ipRules,
    routes,
  };
}

type Own = Pick<FamilyState, "chains" | "hooks"> & { foreignChains: string[] };

/** What was found to be ours in a table, which is a value. */
const found = new WeakMap<SavedTable, Own>();

function ownIn(mangle: SavedTable, remembered: readonly string[], family: FamilyName): Own {
  const before = found.get(mangle);
  if (before && isRemembered(before, remembered)) return before;
  const ours = ourChains(mangle, remembered);
  const users = [...mangle.chains.values()].filter((chain) => !chain.builtIn);
  const own: Own = {
    chains: users.filter((chain) => ours.has(chain.name)).map((chain) => chainState(chain, family)),
    hooks: ourHooks(mangle),
    foreignChains: users.filter((chain) => !ours.has(chain.name)).map((chain) => chain.name),
  };
  found.set(mangle, own);
  return own;
}

/** Whether just these chains are remembered: then they are those that are found again. */
function isRemembered({ chains }: Own, remembered: readonly string[]): boolean {
  if (chains.length !== remembered.length) return false;
  const names = setOf(remembered);
  return chains.every(({ name }) => names.has(name));
}

/** Writes down what is known of a table that was made of a reading. */
export function noteOwn({ state: { chains, hooks }, mangle, foreignChains }: FamilyReading): void {
  found.set(mangle, { chains, hooks, foreignChains });
}

/** What a chain says in our words. One that is as it was before is the same value. */
const states = new WeakMap<SavedChain, ChainState>();

function chainState(chain: SavedChain, family: FamilyName): ChainState {
  const state = states.get(chain) ?? stateIn(chain, family);
  states.set(chain, state);
  return state;
}

function stateIn({ name, rules }: SavedChain, family: FamilyName): ChainState {
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
