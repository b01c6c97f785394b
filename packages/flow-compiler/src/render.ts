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
  return [headOf(wanted, chains), ...chains.map(rulesOf), END.text].join("");
}

/** Whole lines of a text; a value. */
export type Piece = { readonly text: string };

/**
 * What `renderFamily` gives, but for the order of the chains, in pieces: the rules of each chain are one, which is the
 * same object as long as the chain is, and made when somebody asks for it. The same array for the same program.
 */
export function renderPieces(program: Program, family: FamilyName): readonly Piece[] {
  const wanted = program[family];
  if (wanted === null) return [];
  const known = piecesOf.get(wanted);
  if (known) return known;
  const text = headOf(wanted, wanted.chains);
  // An edit that adds no chain leaves it as it is.
  if (heads[family].text !== text) heads[family] = { text };
  const pieces = [heads[family], ...wanted.chains.map(pieceOf), END];
  piecesOf.set(wanted, pieces);
  return pieces;
}

const END: Piece = { text: "COMMIT\n" };

/** The last one of each family. */
const heads: Record<FamilyName, Piece> = { ip: END, ip6: END };
const piecesOf = new WeakMap<FamilyProgram, readonly Piece[]>();
const pieceOfChain = new WeakMap<Chain, Piece>();

function pieceOf(chain: Chain): Piece {
  const known = pieceOfChain.get(chain) ?? new RulesPiece(chain);
  pieceOfChain.set(chain, known);
  return known;
}

class RulesPiece implements Piece {
  readonly #chain: Chain;

  constructor(chain: Chain) {
    this.#chain = chain;
  }

  get text(): string {
    return rulesOf(this.#chain);
  }
}

/** What stands before the rules of our chains. */
function headOf(wanted: FamilyProgram, chains: readonly Chain[]): string {
  const lines = [
    "*mangle",
    ...chains.map(({ name }) => declareChain(name)),
    ...HOOKED.flatMap((name) => hookLines(wanted, name)),
  ];
  return `${lines.join("\n")}\n`;
}

const rulesOf = ({ name, rules }: Chain): string =>
  rules.map(({ words }) => `${appendRule(name, words)}\n`).join("");

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
