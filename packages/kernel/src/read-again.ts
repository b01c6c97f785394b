/**
 * A small change read back: only the chains that were sent. Reading all of 10 000 flows takes iptables-save a second,
 * listing one chain 2 ms. For the rest vouches the generation of nf_tables (`memory.ts`); where there is none, as in legacy,
 * whose tools fetch a whole table to list a chain of it, all is read.
 *
 * This can only confirm. What is not word for word as expected, new rules and old ones kept behind them, or could not be
 * read, is for a whole reading to judge.
 */
import {
  type ChainState,
  type Delta,
  type FamilyDelta,
  normaliseRule,
  type Program,
} from "@flowmgr/flow-compiler";
import type { Tools } from "./capabilities.ts";
import { batchOf, HOOKED } from "./ours.ts";
import { type FamilyReading, type Machine, noteOwn, type OwnReading } from "./read.ts";
import { succeeded } from "./run.ts";
import { parseList, type SavedRule } from "./save.ts";
import type { Target } from "./target.ts";

/** Chains of a family; each is a process, and a dozen cost as much as a small table read whole. */
export const MOST = 8;

/**
 * What stands there after `change`, which was worked out of `before` and carried out; null when that is not certain.
 * With `swept` it is the one that sweeps.
 */
export async function readAgain(
  { target, capabilities }: Machine,
  before: OwnReading,
  change: Delta,
  wanted: Program,
  swept: boolean,
): Promise<OwnReading | null> {
  const again = async (family: "ip" | "ip6") => {
    const [reading, part, tools] = [before[family], change[family], capabilities[family]];
    if (reading === null || part === null || tools === null) return reading;
    const names = swept ? sweptChains(reading) : [...part.added, ...part.changed];
    if (part.removed.length > 0 || names.length > MOST || !isOnlyChains(part)) return null;
    if (names.length === 0) return reading;
    const asked = wanted[family]?.chains.filter(({ name }) => names.includes(name)) ?? [];
    const chains = new Map(asked.map(({ name, rules }) => [name, rules]));
    const found = await Promise.all(
      names.map(async (name) => {
        const kept = swept ? [] : keptBehind(reading, part, name);
        const rules = await rulesOf(target, tools, name);
        const words = chains.get(name)?.map((rule) => rule.words) ?? [];
        return rules && isExactly(rules, words, kept, tools) ? { name, rules, words, kept } : null;
      }),
    );
    return found.includes(null) ? null : withChains(reading, found);
  };
  const [ip, ip6] = await Promise.all([again("ip"), again("ip6")]);
  return ip === null || (ip6 === null && before.ip6 !== null) ? null : { ...before, ip, ip6 };
}

const JUMP = new RegExp(`^-[ADI] (${HOOKED.join("|")}) `, "m");

function isOnlyChains({ restore, create, remove }: FamilyDelta): boolean {
  const routing = [create, remove].flatMap(({ ipRules, routes }) => [...ipRules, ...routes]);
  return routing.length === 0 && !JUMP.test(restore);
}

const sweptChains = ({ state }: FamilyReading): string[] =>
  state.chains.filter(({ retired = 0 }) => retired > 0).map(({ name }) => name);

/** What stood in a chain that was not emptied. */
function keptBehind({ mangle }: FamilyReading, { restore }: FamilyDelta, name: string): SavedRule[] {
  return restore.includes(`\n:${name} `) ? [] : (mangle.chains.get(name)?.rules ?? []);
}

/** Null when they cannot be told. */
export async function rulesOf(target: Target, tools: Tools, name: string): Promise<SavedRule[] | null> {
  const ran = await target.run([...tools.list, name]);
  return succeeded(ran) ? parseList(ran.stdout, name) : null;
}

function isExactly(
  rules: readonly SavedRule[],
  words: readonly string[],
  kept: readonly SavedRule[],
  { family }: Tools,
): boolean {
  const behind = rules.slice(words.length);
  const [end, ...old] = behind;
  if (!words.every((each, at) => normaliseRule(rules[at]?.words ?? "", family) === each)) return false;
  if (kept.length === 0) return behind.length === 0;
  if (end === undefined || batchOf(end.words) === null || old.length !== kept.length) return false;
  return old.every((rule, at) => rule.words === kept[at]?.words);
}

type Found = { name: string; rules: SavedRule[]; words: string[]; kept: SavedRule[] };

function withChains(reading: FamilyReading, found: readonly (Found | null)[]): FamilyReading {
  const chains = new Map(reading.mangle.chains);
  const states = new Map<string, ChainState>();
  for (const one of found) {
    if (one === null) continue;
    const { name, rules, words, kept } = one;
    chains.set(name, { name, builtIn: false, rules });
    states.set(name, { name, rules: words, ...(kept.length > 0 && { retired: kept.length + 1 }) });
  }
  const stay = reading.state.chains.map((chain) => {
    const state = states.get(chain.name) ?? chain;
    states.delete(chain.name);
    return state;
  });
  const mangle = { ...reading.mangle, chains };
  const now: FamilyReading = {
    ...reading,
    mangle,
    tables: reading.tables.map((table) => (table.name === mangle.name ? mangle : table)),
    state: { ...reading.state, chains: [...stay, ...states.values()] },
  };
  noteOwn(now);
  return now;
}
