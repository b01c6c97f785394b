/** A program as text: for people, for golden files, and for the kernel. */
import type { Chain, FamilyName, FamilyProgram, Hook, IpRule, LocalRoute, Program } from "./program.ts";
import { describeIpRule, describeRoute } from "./routing.ts";
import { renderSet } from "./sets.ts";

/** Built-in chains of mangle that we hang in, in the order in which iptables-save prints them. */
const HOOKED: readonly Hook["chain"][] = ["PREROUTING", "INPUT", "OUTPUT"];

/**
 * One family, whole, byte for byte as iptables-save prints what is ours: chains by name, then the rules of the
 * built-in chains, then those of ours. Comments and the built-in chains' own lines are the kernel's and left out,
 * so the text is also what `iptables-restore --noflush` takes to load it into an empty table.
 * "" where the program has no such family.
 */
export function renderFamily(program: Program, family: FamilyName): string {
  const wanted = program[family];
  if (wanted === null) return "";
  const chains = [...wanted.chains].sort(byName);
  const lines = [
    "*mangle",
    ...chains.map(({ name }) => declareChain(name)),
    ...HOOKED.flatMap((name) => hookLines(wanted, name)),
    ...chains.flatMap(({ name, rules }) => rules.map(({ words }) => appendRule(name, words))),
    "COMMIT",
  ];
  return `${lines.join("\n")}\n`;
}

/** Both back ends sort by bytes (strcmp); names are ASCII. */
function byName(a: Chain, b: Chain): number {
  return a.name < b.name ? -1 : 1;
}

function hookLines({ hooks }: FamilyProgram, chain: Hook["chain"]): string[] {
  return hooks.filter((hook) => hook.chain === chain).map(({ words }) => appendRule(chain, words));
}

/** The sets that the rules of a family refer to, as `ipset restore` is told to make them; "" where there are none. */
export function renderSets({ sets = [] }: Program, family: FamilyName): string {
  return sets.map((set) => (set.family === family ? renderSet(set, set.name) : "")).join("");
}

/** Makes a chain of ours, or empties it. */
export function declareChain(name: string): string {
  return `:${plain(name)} - [0:0]`;
}

export function appendRule(chain: string, words: string): string {
  return `-A ${plain(chain)} ${plain(words)}`;
}

export function prependRule(chain: string, words: string): string {
  return `-I ${plain(chain)} 1 ${plain(words)}`;
}

/**
 * Nothing in our rules needs quoting, and nothing is quoted: a quote in restore text swallows the line end, and
 * what follows it would be read as part of the rule. The language refuses such names; this is the last door.
 */
export function plain(words: string): string {
  if (!/^[A-Za-z0-9 !+,./:=@_-]+$/.test(words))
    throw new Error(`these words need quoting: ${JSON.stringify(words)}`);
  return words;
}

type FamilyRouting = { ipRules: readonly IpRule[]; routes: readonly LocalRoute[] };

/** `ip rule`s and routes of both families, one a line, as `ip` would be told; "" when there are none. */
export function renderRouting({ ip, ip6 }: { ip: FamilyRouting; ip6: FamilyRouting | null }): string {
  const lines = [...routingLines("ip", ip), ...(ip6 ? routingLines("ip -6", ip6) : [])];
  return lines.map((line) => `${line}\n`).join("");
}

function routingLines(command: string, { ipRules, routes }: FamilyRouting): string[] {
  return [
    ...ipRules.map((rule) => `${command} rule add ${describeIpRule(rule)}`),
    ...routes.map((route) => `${command} route add ${describeRoute(route)}`),
  ];
}
