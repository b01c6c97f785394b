/**
 * How a restarted process knows what is ours, per kind of object. Everything else on the machine is somebody else's
 * and is neither changed nor removed.
 *
 * - a chain of mangle: by its name, together with being reached from a jump of ours or being remembered on
 *   disk by the last apply. The name alone proves nothing, and neither does being reached: others may add a jump to our chains.
 *   The one chain that nothing jumps to, DEFRAGMENT: by its name together with the comment of its rule.
 *   A chain that went, left until its counters are read: by its name together with the comment of the rule that ends it.
 * - a jump in a built-in chain: by its comment and by leading to one of our main chains.
 * - an `ip rule`: by its protocol number, which the kernel keeps, and by saying no more than ours do. Its priority
 *   may be another: somebody moved it then.
 * - a route: by its table, one of a range of our own, and by being a local route by `lo` there.
 */
import {
  type FamilyState,
  HOOK_COMMENT,
  OUR_PROTOCOL,
  OUR_TABLES,
  OWN_CHAINS,
  RETIRED_COMMENT,
} from "@flowmgr/flow-compiler";
import { jumpOf, type SavedChain, type SavedTable, wordBehind } from "./save.ts";

/** The built-in chains that hold jumps of ours. */
export const HOOKED = ["PREROUTING", "OUTPUT", "INPUT"] as const;

/** `FLOWS`, `FLOWS-lo`, `@ssh`: the shapes of our names. No flow can be called so that its chain breaks out. */
function isOurName(chain: string): boolean {
  if (chain.startsWith("@")) return true;
  return Object.values(OWN_CHAINS).some((own) => chain === own || chain.startsWith(`${own}-`));
}

/** The chains of mangle that are ours; `remembered`: those of the last apply. */
export function ourChains(mangle: SavedTable, remembered: readonly string[]): Set<string> {
  const hooked = HOOKED.flatMap((name) => mangle.chains.get(name)?.rules ?? [])
    .filter((rule) => isOurHook(rule.words))
    .flatMap((rule) => jumpOf(rule.words) ?? []);
  const ours = new Set<string>();
  const defragment = mangle.chains.get(OWN_CHAINS.defragment);
  const unreached = defragment?.rules.some((rule) => hasOurComment(rule.words))
    ? [OWN_CHAINS.defragment]
    : [];
  const retired = [...mangle.chains.values()]
    .filter((chain) => isOurName(chain.name) && lookInto(chain).retired)
    .map(({ name }) => name);
  const open = [...hooked, ...unreached, ...retired, ...remembered];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const chain = mangle.chains.get(name);
    if (chain === undefined || chain.builtIn || ours.has(name) || !isOurName(name)) continue;
    ours.add(name);
    open.push(...lookInto(chain).targets);
  }
  return ours;
}

/** `retired`: some of its rules are left until their counters are read. */
type Look = { targets: readonly string[]; retired: boolean };

/** Chains are values, and of a table that is read again most are as they were (`parseSave`). */
const looks = new WeakMap<SavedChain, Look>();

function lookInto(chain: SavedChain): Look {
  const before = looks.get(chain);
  if (before) return before;
  const targets = new Set(chain.rules.flatMap(({ words }) => jumpOf(words) ?? []));
  const look = { targets: [...targets], retired: chain.rules.some(({ words }) => batchOf(words) !== null) };
  looks.set(chain, look);
  return look;
}

const END = new RegExp(`^-m comment --comment ${RETIRED_COMMENT}(\\w+) -j RETURN$`);

/** The batch of the rules behind this one, which no packet meets; null for a rule that does not end its chain so. */
export function batchOf(words: string): string | null {
  // There are a hundred thousand that are not.
  if (!words.startsWith("-m comment ")) return null;
  return END.exec(words)?.[1] ?? null;
}

const hasOurComment = (words: string) => wordBehind(words, "--comment") === HOOK_COMMENT;

/** Where our jumps lead. */
const MAIN_CHAINS: string[] = [OWN_CHAINS.flows, OWN_CHAINS.outflows, OWN_CHAINS.directors];

/** Is a rule of a built-in chain a jump of ours? Others may write the same comment, but not to a main chain of ours. */
export function isOurHook(words: string): boolean {
  const target = jumpOf(words);
  return hasOurComment(words) && target !== null && MAIN_CHAINS.includes(target);
}

/** Our jumps in the built-in chains, and how they stand among the rules of others. */
export function ourHooks(mangle: SavedTable): FamilyState["hooks"] {
  return HOOKED.flatMap((name) => {
    const rules = mangle.chains.get(name)?.rules ?? [];
    return rules.flatMap(({ words }, at) => {
      if (!isOurHook(words)) return [];
      const before = rules.slice(0, at).some((rule) => !isOurHook(rule.words));
      const behind = rules.slice(at + 1).some((rule) => !isOurHook(rule.words));
      const place = before ? (behind ? "middle" : "last") : behind ? "first" : "only";
      return [{ chain: name, words, place } as const];
    });
  });
}

/** An `ip rule` as `ip -N -json` prints it. */
export type JsonRule = {
  priority: number;
  src?: string;
  fwmark?: string;
  fwmask?: string;
  table?: string;
  protocol?: string;
  /** There when the rule holds for what it does not name. */
  not?: unknown;
};

/** All that a rule of ours says; one that says more, like `from` or `not`, was never written by us. */
const SAID = new Set(["priority", "src", "fwmark", "fwmask", "table", "protocol"]);

export function isOurRule(rule: JsonRule): boolean {
  return (
    rule.protocol === String(OUR_PROTOCOL) &&
    rule.fwmark !== undefined &&
    rule.table !== undefined &&
    rule.src === "all" &&
    Object.keys(rule).every((word) => SAID.has(word))
  );
}

/** A route as `ip -N -json` prints it; `main` is the table that it leaves out. */
export type JsonRoute = {
  type?: string;
  dst: string;
  dev?: string;
  table?: string;
  /** In place of `dev` where there are several ways. */
  nexthops?: { dev?: string }[];
  /** `dead`: its interface is down. */
  flags?: string[];
};

/** RTN_UNICAST and RTN_LOCAL of linux/rtnetlink.h: what `-N` prints instead of `unicast` and `local`. */
export const UNICAST = "1";
export const LOCAL = "2";

export function isOurRoute(route: JsonRoute): boolean {
  const table = Number(route.table ?? 0);
  return OUR_TABLES.first <= table && table <= OUR_TABLES.last && route.type === LOCAL && route.dev === "lo";
}
