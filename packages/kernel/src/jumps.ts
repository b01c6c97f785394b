/**
 * Where the chains of a family lead, kept from one program to the next: an edit changes a few of ten thousands. It is
 * turned from program to program, and what it then says is what it would say of that one alone. Of programs whose jumps
 * all lead to chains that are there, as the compiler's do.
 */
import { type Chain, type FamilyProgram, unshared } from "@flowmgr/flow-compiler";
import { HOOKED } from "./ours.ts";

type Made = Pick<FamilyProgram, "chains" | "hooks">;

const NOTHING: Made = { chains: [], hooks: [] };

type Node = {
  chain: Chain;
  /** Names of the chains with a jump to it. */
  sources: string[];
  /** The built-in chains from which one gets there, a bit each in the order of HOOKED. */
  reach: number;
  /** How many jumps one after the other it leads to, at most; null until somebody asks. */
  height: number | null;
};

export class Jumps {
  #made = NOTHING;
  readonly #nodes = new Map<string, Node>();

  /**
   * Becomes that of another program. Gives the names of its chains that say something else than in the one before, or
   * to which one gets from another built-in chain.
   */
  turnInto(made: Made): Set<string> {
    const before = this.#made;
    if (made === before) return new Set();
    const { gone, come } = unshared(before.chains, made.chains);
    const changed = come.filter((chain) => !this.#isKnown(chain));
    const turned = new Set(changed.map(({ name }) => name));
    const stay = new Set(come.map(({ name }) => name));
    const removed = gone.filter(({ name }) => !stay.has(name));
    // An end that is there on one side only: whence one gets to it may be another.
    const ends = new Set<string>();
    const toggle = (end: string) => ends.delete(end) || ends.add(end);
    for (const { name } of [...removed, ...changed])
      this.#unlink(name).map((end) => toggle(`${name} ${end}`));
    for (const { name } of removed) this.#nodes.delete(name);
    for (const chain of changed) {
      const { sources = [], reach = 0 } = this.#nodes.get(chain.name) ?? {};
      this.#nodes.set(chain.name, { chain, sources, reach, height: null });
    }
    for (const { name } of changed) this.#link(name).map((end) => toggle(`${name} ${end}`));
    const [old, now] = [hookedIn(before), hookedIn(made)];
    const isHookedAlike = JSON.stringify(old) === JSON.stringify(now);
    const hooked = isHookedAlike ? [] : [...old, ...now].map(([name]) => name);
    this.#made = made;
    for (const name of closure(turned, (name) => this.sources(name))) this.#forgetHeight(name);
    for (const name of this.#reachAnew([...hooked, ...[...ends].map(lastWord)])) turned.add(name);
    return turned;
  }

  has(name: string): boolean {
    return this.#nodes.has(name);
  }

  /** The chains to which one has jumps, each once. */
  targets(name: string): string[] {
    const chain = this.#nodes.get(name)?.chain;
    return chain ? endsOf(chain).filter((end) => this.#nodes.has(end)) : [];
  }

  /** The chains with jumps to one. */
  sources(name: string): readonly string[] {
    return this.#nodes.get(name)?.sources ?? [];
  }

  /** How many jumps one after the other a chain leads to, at most; of one that leads in a circle, any number. */
  height(name: string): number {
    const node = this.#nodes.get(name);
    if (node === undefined) return 0;
    if (node.height !== null) return node.height;
    node.height = 0;
    const height = this.targets(name).reduce((most, target) => Math.max(most, 1 + this.height(target)), 0);
    node.height = height;
    return height;
  }

  /** Whether it says what it said before; it may be another value. */
  #isKnown(chain: Chain): boolean {
    const node = this.#nodes.get(chain.name);
    if (!node || !sameRules(node.chain.rules, chain.rules)) return false;
    node.chain = chain;
    return true;
  }

  #forgetHeight(name: string): void {
    const node = this.#nodes.get(name);
    if (node) node.height = null;
  }

  /** Gives where it led. */
  #unlink(name: string): string[] {
    const targets = this.targets(name);
    for (const target of targets) {
      const sources = this.#nodes.get(target)?.sources ?? [];
      const at = sources.indexOf(name);
      if (at >= 0) sources.splice(at, 1);
    }
    return targets;
  }

  /** Gives where it leads. */
  #link(name: string): string[] {
    const targets = this.targets(name);
    for (const target of targets) this.#nodes.get(target)?.sources.push(name);
    return targets;
  }

  /** Finds again whence one gets to these; gives the chains to which one gets from another built-in chain than before. */
  #reachAnew(touched: readonly string[]): string[] {
    const before = new Map<Node, number>();
    for (const name of closure(touched, (name) => this.targets(name))) {
      const node = this.#nodes.get(name);
      if (node) before.set(node, node.reach);
    }
    // From nothing, so that chains in a circle do not hold each other.
    for (const node of before.keys()) node.reach = 0;
    const roots = hookedIn(this.#made);
    const open = [...before.keys()];
    for (const node of open) {
      const { name } = node.chain;
      const hooks = roots.reduce((bits, [root, bit]) => (root === name ? bits | bit : bits), 0);
      const reach = node.sources.reduce((bits, from) => bits | (this.#nodes.get(from)?.reach ?? 0), hooks);
      if (reach === node.reach) continue;
      node.reach = reach;
      open.push(...this.targets(name).flatMap((target) => this.#nodes.get(target) ?? []));
    }
    return [...before].flatMap(([{ chain, reach }, old]) => (reach & ~old ? [chain.name] : []));
  }
}

/** The chains to which the hooks lead, each with the bit of its built-in chain. */
export function hookedIn({ hooks }: Pick<Made, "hooks">): [name: string, bit: number][] {
  return hooks.map(({ chain, words }) => [lastWord(words), 1 << HOOKED.indexOf(chain)]);
}

/** These and all to which `next` leads from them. */
export function closure(names: Iterable<string>, next: (name: string) => Iterable<string>): Set<string> {
  const found = new Set<string>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    open.push(...next(name));
  }
  return found;
}

/** By chain, which programs share that are edits of each other. */
const ends = new WeakMap<Chain, readonly string[]>();

/** The last words of a chain's rules, each once. */
function endsOf(chain: Chain): readonly string[] {
  const found = ends.get(chain) ?? [...new Set(chain.rules.map(({ words }) => lastWord(words)))];
  ends.set(chain, found);
  return found;
}

/** A rule of ours ends with the chain that it leads to. */
const lastWord = (words: string): string => words.slice(words.lastIndexOf(" ") + 1);

function sameRules(one: Chain["rules"], other: Chain["rules"]): boolean {
  if (one === other) return true;
  return one.length === other.length && one.every(({ words }, at) => words === other[at]?.words);
}
