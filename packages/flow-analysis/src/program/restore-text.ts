/**
 * Restore text (`iptables-restore`) read back: the chains of a program, rule by rule, as what they ask and what they
 * do. A reader of its own, which shares no code with the compiler, so that the two can disagree. It knows the words
 * that a program may hold and refuses any other by name: what nobody has given a meaning cannot be proven.
 */
import type { Family } from "@flowmgr/flow-model";
import { readSetsText } from "./restore-sets.ts";
import { type Reading, readTests, type Test } from "./restore-tests.ts";
import { UnreadableProgram } from "./unreadable.ts";

/** What a rule does with a packet that meets all its tests. */
export type Target =
  | { does: "accept" | "drop" | "return" | "nothing" }
  /** The bits of `keep` stay, those of `xor` are turned over. */
  | { does: "mark"; keep: number; xor: number }
  /** `goto`: behind its end the packet goes on where this chain was called from. */
  | { does: "jump" | "goto"; chain: string };

export type ReadRule = {
  /** As it stands in the text: `-A FLOWS -i lo -j RETURN`. */
  text: string;
  /** Equal for rules that ask the same. */
  asks: string;
  tests: readonly Test[];
  target: Target;
};

export type Chains = ReadonlyMap<string, readonly ReadRule[]>;

/** The built-in chains that programs are hooked into. */
const BUILT_IN = ["PREROUTING", "INPUT", "OUTPUT"] as const;

const ALL_BITS = 0xffff_ffff;

/**
 * The chains of a family's restore text, the built-in ones included; `sets`: what makes the sets that it names. Throws
 * UnreadableProgram.
 */
export function readRestoreText(text: string, family: Family, sets = ""): Chains {
  const chains = new Map<string, ReadRule[]>(BUILT_IN.map((name) => [name, []]));
  const lines = text.split("\n");
  if (lines[0] !== "*mangle" || lines.at(-2) !== "COMMIT" || lines.at(-1) !== "") {
    throw new UnreadableProgram("the text is not one table: it begins with *mangle and ends with COMMIT");
  }
  const known: Known = { rules: new Map(), sets: readSetsText(sets, family), tests: new Map() };
  for (const line of lines.slice(1, -2)) {
    if (line.startsWith(":")) declare(chains, line);
    else append(chains, line, family, known);
  }
  for (const rules of chains.values()) {
    for (const { text: line, target } of rules) {
      const leads = target.does === "jump" || target.does === "goto";
      if (leads && !chains.has(target.chain)) throw refused(`there is no chain ${target.chain}`, line);
    }
  }
  return chains;
}

function refused(what: string, line: string): UnreadableProgram {
  return new UnreadableProgram(`${what}: "${line}"`);
}

function declare(chains: Map<string, ReadRule[]>, line: string): void {
  const [, name] = /^:(\S+) - \[0:0\]$/.exec(line) ?? [];
  if (name === undefined) throw refused("a chain is declared in words that are not known", line);
  if (chains.has(name)) throw refused(`the chain ${name} is there already`, line);
  chains.set(name, []);
}

/** What has been read, by its words: most of it stands there more than once. */
type Known = Reading & { rules: Map<string, readonly Test[]> };

function append(chains: Map<string, ReadRule[]>, line: string, family: Family, known: Known): void {
  const behindName = line.indexOf(" ", "-A ".length);
  const name = behindName < 0 ? "" : line.slice("-A ".length, behindName);
  const rules = chains.get(name);
  if (!line.startsWith("-A ") || !rules) throw refused("not a rule of a chain that is declared", line);
  const words = line.slice(behindName);
  const at = Math.max(words.indexOf(" -j "), words.indexOf(" -g "));
  const asks = at < 0 ? words.slice(1) : words.slice(1, at);
  const [option, target] = at < 0 ? [null, ""] : [words.slice(at + 1, at + 3), words.slice(at + 4)];
  try {
    let tests = known.rules.get(asks);
    if (!tests) {
      tests = readTests(asks, family, known);
      known.rules.set(asks, tests);
    }
    rules.push({ text: line, asks, tests, target: readTarget(option, target) });
  } catch (error) {
    throw error instanceof UnreadableProgram ? refused(error.message, line) : error;
  }
}

const ENDS: { [word: string]: Target } = {
  ACCEPT: { does: "accept" },
  DROP: { does: "drop" },
  RETURN: { does: "return" },
};

function readTarget(option: string | null, words: string): Target {
  if (option === null) return { does: "nothing" };
  const [target = "", ...rest] = words.split(" ");
  if (option === "-j" && target === "MARK") return readMark(rest);
  if (rest.length > 0) throw new UnreadableProgram(`the words behind ${target} are not known`);
  const end = ENDS[target];
  if (end) {
    if (option === "-g") throw new UnreadableProgram(`-g leads to a chain, not to ${target}`);
    return end;
  }
  return { does: option === "-g" ? "goto" : "jump", chain: target };
}

/** `--set-xmark VALUE/MASK`: the bits under the mask are cleared, then the value is XORed in. */
function readMark([option, value = "", ...more]: string[]): Target {
  const [, xor, mask] = /^(0x[0-9a-f]{1,8})\/(0x[0-9a-f]{1,8})$/.exec(value) ?? [];
  if (option !== "--set-xmark" || more.length > 0 || xor === undefined) {
    throw new UnreadableProgram(`MARK is known with --set-xmark VALUE/MASK alone`);
  }
  return { does: "mark", keep: (~Number(mask) & ALL_BITS) >>> 0, xor: Number(xor) };
}
