/**
 * Restore text (`iptables-restore`) read back: the chains of a program, rule by rule, as what they ask and what they
 * do. A reader of its own, which shares no code with the compiler, so that the two can disagree. It knows the words
 * that a program may hold and refuses any other by name: what nobody has given a meaning cannot be proven.
 */
import type { Family } from "@flowmgr/flow-model";
import { type Chains, leaving, NO_CHAIN, type ReadRule, type Target } from "./chains.ts";
import type { Sets } from "./restore-sets.ts";
import { type Reading, readTests, type Test } from "./restore-tests.ts";
import { UnreadableProgram } from "./unreadable.ts";

/**
 * Whole lines of restore text. Of one that is the same object nothing is read again, so its text is asked for once; it
 * never changes.
 */
export type Piece = { readonly text: string };

/** The built-in chains that programs are hooked into. */
const BUILT_IN = ["PREROUTING", "INPUT", "OUTPUT"] as const;

const ALL_BITS = 0xffff_ffff;

/** Chains, and the sets that they name. */
type ReadBefore = { chains: Chains; sets: Sets };

/**
 * The chains of a family's restore text, whole or in pieces, the built-in ones included; `sets`: those that it may name.
 * `before`: what was read of an earlier text; a chain that is the same in both is the same object. Throws UnreadableProgram.
 */
export function readRestoreText(
  text: string | readonly Piece[],
  family: Family,
  sets: Sets,
  before?: ReadBefore,
): Chains {
  const reader = new Reader(family, sets, before);
  const read = (typeof text === "string" ? [{ text }] : text).map((piece) => reader.read(piece));
  if (!isOneTable(read)) {
    throw new UnreadableProgram("the text is not one table: it begins with *mangle and ends with COMMIT");
  }
  const chains = before ? chainsAfter(before.chains, read) : collected(read);
  madeOf.set(chains, read);
  return chains;
}

/** The pieces that chains were read of. */
const madeOf = new WeakMap<Chains, readonly ReadPiece[]>();

const isOneTable = (read: readonly ReadPiece[]): boolean =>
  read.length > 0 &&
  read.every(({ opens, closes }, at) => opens === (at === 0) && closes === (at === read.length - 1));

/** The chains that the pieces declare, or those `only` that are named, with their rules. */
function collected(read: readonly ReadPiece[], only: ReadonlySet<string> | null = null): Chains {
  const isAsked = (name: string) => only === null || only.has(name);
  const chains = new Map<string, readonly ReadRule[]>(
    BUILT_IN.filter(isAsked).map((name) => [name, NO_CHAIN]),
  );
  for (const { declared, runs } of read) {
    for (const name of declared) {
      if (!isAsked(name)) continue;
      if (chains.has(name)) throw refused(`the chain ${name} is there already`, declaring(name));
      chains.set(name, NO_CHAIN);
    }
    for (const { chain, rules } of runs) {
      if (!isAsked(chain)) continue;
      const above = chains.get(chain);
      if (!above) throw refused("not a rule of a chain that is declared", rules[0]?.text ?? "");
      chains.set(chain, above.length === 0 ? rules : [...above, ...rules]);
    }
  }
  if (only === null) requireTargets(chains, chains.keys());
  return chains;
}

/** Chains that no other piece names than before are what they were; the others are collected anew. */
function chainsAfter(before: Chains, read: readonly ReadPiece[]): Chains {
  const names = namedByOthers(madeOf.get(before) ?? [], read);
  const fresh = collected(read, names);
  const chains = new Map(before);
  let isLess = false;
  for (const name of names) if (!fresh.has(name) && chains.delete(name)) isLess = true;
  for (const [name, rules] of fresh) {
    const old = before.get(name);
    // A name is part of its text, and would keep all of that in memory.
    if (!old) chains.set(copied(name), rules);
    else if (!isSame(old, rules)) chains.set(name, rules);
  }
  // Rules of before lead to chains of before: while these are all there, only other rules are asked.
  requireTargets(chains, isLess ? chains.keys() : fresh.keys());
  return chains;
}

const isSame = (one: readonly ReadRule[], other: readonly ReadRule[]) =>
  one.length === other.length && one.every((rule, at) => rule === other[at]);

/** The chains that are named by pieces which only one of the texts has, or has at another place among those of both. */
function namedByOthers(old: readonly ReadPiece[], read: readonly ReadPiece[]): Set<string> {
  const [before, after] = [new Set(old), new Set(read)];
  const kept = old.filter((piece) => after.has(piece));
  const others = old.filter((piece) => !after.has(piece));
  let at = 0;
  for (const piece of read) {
    if (!before.has(piece)) others.push(piece);
    else if (kept[at++] !== piece) others.push(piece, ...kept.slice(at - 1, at));
  }
  others.push(...kept.slice(at));
  const names = new Set<string>();
  for (const { declared, runs } of others) {
    for (const name of declared) names.add(name);
    for (const { chain } of runs) names.add(chain);
  }
  return names;
}

/** Chains that rules lead to are there. */
function requireTargets(chains: Chains, of: Iterable<string>): void {
  for (const name of of) {
    for (const { rule, to } of leaving(chains.get(name) ?? NO_CHAIN)) {
      if (!chains.has(to)) throw refused(`there is no chain ${to}`, rule.text);
    }
  }
}

function refused(what: string, line: string): UnreadableProgram {
  return new UnreadableProgram(`${what}: "${line}"`);
}

const declaring = (name: string): string => `:${name} - [0:0]`;

function declaredBy(line: string): string {
  const [, name] = /^:(\S+) - \[0:0\]$/.exec(line) ?? [];
  if (name === undefined) throw refused("a chain is declared in words that are not known", line);
  return name;
}

/** Rules of one chain that stand one behind the other. */
type Run = { chain: string; rules: readonly ReadRule[] };

/** What a piece says: chains that it declares, and behind these their rules. */
type ReadPiece = { opens: boolean; declared: readonly string[]; runs: readonly Run[]; closes: boolean };

/** Pieces that were read, for which family and by which sets; null: it names none. */
const known = new WeakMap<Piece, { family: Family; sets: Sets | null; read: ReadPiece }>();

/** A chain that is being read: how its lines begin, and its rules in the text before. */
type Open = { start: string; rules: ReadRule[]; old: readonly ReadRule[] };

/** Reads rules line by line. Most of their words stand there more than once, and most chains stood there before. */
class Reader {
  readonly #family: Family;
  readonly #before: ReadBefore | undefined;
  readonly #rules = new Map<string, { asks: string; tests: readonly Test[] }>();
  readonly #reading: Reading;
  readonly #targets = new Map<string, Target>();
  /** Then what names one is read anew. */
  readonly #hasOtherSets: boolean;
  /** The chain of the last line. */
  #chain: Open | null = null;
  /** Of a chain that differs, its old rules by their text. */
  #old: { of: readonly ReadRule[]; byText: Map<string, ReadRule> } | null = null;

  constructor(family: Family, sets: Sets, before: ReadBefore | undefined) {
    this.#family = family;
    this.#reading = { sets, tests: new Map() };
    this.#before = before;
    this.#hasOtherSets = before !== undefined && before.sets !== sets;
  }

  read(piece: Piece): ReadPiece {
    const before = known.get(piece);
    if (before?.family === this.#family && (before.sets ?? this.#reading.sets) === this.#reading.sets) {
      return before.read;
    }
    const { text } = piece;
    const sets = text.includes(MATCH_SET) ? this.#reading.sets : null;
    const read = this.#readPiece(text);
    known.set(piece, { family: this.#family, sets, read });
    return read;
  }

  #readPiece(text: string): ReadPiece {
    const lines = text.split("\n");
    if (lines.pop() !== "") throw new UnreadableProgram(`the text ends within a line: "${text.slice(-80)}"`);
    const opens = lines[0] === "*mangle";
    const closes = lines.at(-1) === "COMMIT";
    const declared: string[] = [];
    const runs: Run[] = [];
    this.#chain = null;
    for (const line of lines.slice(opens ? 1 : 0, closes ? -1 : undefined)) {
      if (line[0] !== ":") this.#append(runs, line);
      else if (runs.length === 0) declared.push(declaredBy(line));
      else throw refused("a chain is declared behind rules", line);
    }
    return { opens, declared, runs, closes };
  }

  #append(runs: Run[], line: string): void {
    const last = this.#chain;
    const next = last?.old[last.rules.length];
    if (last && next?.text === line && this.#isAsBefore(line)) {
      last.rules.push(next);
      return;
    }
    const chain = last && line.startsWith(last.start) ? last : this.#enter(runs, line);
    const known = this.#known(chain, line);
    chain.rules.push(known ?? this.#read(this.#before ? copied(line) : line, chain.start.length - 1));
  }

  #enter(runs: Run[], line: string): Open {
    const behindName = line.indexOf(" ", "-A ".length);
    if (!line.startsWith("-A ") || behindName < 0) throw refused("not a rule of a chain", line);
    const chain = line.slice("-A ".length, behindName);
    const rules: ReadRule[] = [];
    runs.push({ chain, rules });
    this.#chain = { start: line.slice(0, behindName + 1), rules, old: this.#before?.chains.get(chain) ?? [] };
    return this.#chain;
  }

  #isAsBefore(line: string): boolean {
    return !this.#hasOtherSets || !line.includes(MATCH_SET);
  }

  #known({ rules, old }: Open, line: string): ReadRule | undefined {
    if (old.length === 0 || !this.#isAsBefore(line)) return undefined;
    const here = old[rules.length];
    if (here?.text === line) return here;
    if (this.#old?.of !== old) {
      this.#old = { of: old, byText: new Map(old.map((rule) => [rule.text, rule])) };
    }
    return this.#old.byText.get(line);
  }

  #read(line: string, behindName: number): ReadRule {
    const words = line.slice(behindName);
    const at = Math.max(words.indexOf(" -j "), words.indexOf(" -g "));
    const written = at < 0 ? words.slice(1) : words.slice(1, at);
    const leading = at < 0 ? "" : words.slice(at + 1);
    try {
      let known = this.#rules.get(written);
      if (!known) {
        known = { asks: written, tests: readTests(written, this.#family, this.#reading) };
        this.#rules.set(written, known);
      }
      let target = this.#targets.get(leading);
      if (!target) {
        target = leading === "" ? { does: "nothing" } : readTarget(leading.slice(0, 2), leading.slice(3));
        this.#targets.set(leading, target);
      }
      return { text: line, ...known, target };
    } catch (error) {
      throw error instanceof UnreadableProgram ? refused(error.message, line) : error;
    }
  }
}

const MATCH_SET = " --match-set ";

/** A text of its own: part of a longer one would keep all of that in memory. */
const copied = (line: string): string => line.split("").join("");

const ENDS: { [word: string]: Target } = {
  ACCEPT: { does: "accept" },
  DROP: { does: "drop" },
  RETURN: { does: "return" },
};

function readTarget(option: string, words: string): Target {
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
