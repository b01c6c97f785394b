/**
 * The chains that a hook reaches, as flows. A jump makes the chain's rules hold only where the jump's conditions
 * hold too. What leaves a chain early (RETURN, or a goto that comes back) is an `ignore` in the flow it stands in
 * and in every flow that the rest of the chain makes: by then only packets that it did not take may go on.
 *
 * A line that cannot be said is left out with the reason and with what that does to the packets it is about.
 */
import { check } from "../check.ts";
import type { Family } from "../family.ts";
import { familiesOf } from "../holds.ts";
import type { Action, Conditions, Flow, Rule } from "../schema.ts";
import { conjunction } from "./conjunction.ts";
import { reasonOf } from "./imported.ts";
import { type Direction, type ReadRule, readRule } from "./iptables-rule.ts";
import { describeTarget, markOf } from "./iptables-target.ts";
import type { SavedRule, SavedTable } from "./iptables-text.ts";

/** A flow under way. Its name is the chain's; twins get names of their own at the end. */
export type MadeFlow = {
  kind: Flow["kind"];
  name: string;
  policy: Action;
  comment: string[];
  rules: MadeRule[];
};

export type MadeRule = {
  verb: Rule["verb"];
  conditions: Conditions;
  note: string;
  /** What the line itself asks, without the conditions of the jumps that lead to it. */
  own: Conditions;
  /** The visit to a chain that it stands in. */
  visit: number;
  /** The line that it comes from. */
  line: number;
};

/** As a config holds it. */
export function plainFlow({ rules, ...flow }: MadeFlow): Flow {
  const plain = rules.map(
    ({ verb, conditions, note }): Rule => ({ verb, off: false, comment: [], note, conditions }),
  );
  return { ...flow, skipped: false, note: "", rules: plain };
}

/** What became of a table's lines. */
export type Made = {
  flows: MadeFlow[];
  /** Lines that some flow says. */
  said: Set<number>;
  /** Why lines were left out. A line that is met in several ways may be said in one and left out in another. */
  unsaid: Map<number, string>;
  /** Lines that no packet can meet, in one way at least. */
  dead: Set<number>;
  /** Lines that have a word, in one way at least, of which no flow has come: why. */
  idle: Map<number, string>;
};

/**
 * Most rules that a table's chains may become beyond one for each line, since chains are reached by many ways: thirty
 * with two jumps each to the next make a thousand million. Few tables have a tenth of these.
 */
const MORE_RULES = 10_000;

/** Most lines that are met beyond each once. */
const MORE_MET = 20_000;

/** Most jumps on a way; nft allows 15. */
const DEEPEST = 100;

export class ChainWalk implements Made {
  readonly flows: MadeFlow[] = [];
  readonly said = new Set<number>();
  readonly unsaid = new Map<number, string>();
  readonly dead = new Set<number>();
  readonly idle = new Map<number, string>();
  readonly #family: Family;
  readonly #chains = new Map<string, SavedRule[]>();
  readonly #marks: ReadonlyMap<string, Action>;
  #kind: Flow["kind"] = "flow";
  /** The flow that a next rule of the same visit and target joins. */
  #open: { visit: number; flow: MadeFlow } | null = null;
  #visits = 0;
  #rules = 0;
  readonly #mostRules: number;
  #met = 0;
  readonly #mostMet: number;

  constructor(table: SavedTable, marks: ReadonlyMap<string, Action>) {
    this.#family = table.family;
    this.#marks = marks;
    this.#mostRules = table.rules.length + MORE_RULES;
    this.#mostMet = table.rules.length + MORE_MET;
    for (const name of table.chains.keys()) this.#chains.set(name, []);
    for (const rule of table.rules) {
      const rules = this.#chains.get(rule.chain);
      if (rules) rules.push(rule);
      else this.#chains.set(rule.chain, [rule]);
    }
  }

  /** Follows what the kernel calls at a hook. */
  enter(hook: "PREROUTING" | "OUTPUT"): void {
    this.#kind = hook === "PREROUTING" ? "flow" : "outflow";
    this.#open = null;
    this.#visit({ chain: hook, guard: {}, left: [], path: [hook], remark: "" });
  }

  #visit(at: Visit): void {
    this.#visits += 1;
    const visit = { ...at, left: [...at.left], number: this.#visits };
    const rules = this.#chains.get(at.chain) ?? [];
    for (let index = 0; index < rules.length; index += 1) {
      const saved = rules[index];
      if (saved && this.#meet(visit, saved, rules[index + 1])) index += 1;
    }
  }

  /** True when the next line belongs to this one. */
  #meet(visit: NumberedVisit, saved: SavedRule, next: SavedRule | undefined): boolean {
    this.#met += 1;
    if (this.#met > this.#mostMet) {
      this.unsaid.set(
        saved.line,
        `more than ${this.#mostMet} lines come before it, each once for each way to it`,
      );
      return false;
    }
    const direction: Direction = this.#kind === "flow" ? "in" : "out";
    const read = readRule(saved.words, this.#family, direction);
    const marked = read.target === "MARK" ? this.#marked(read, next, direction) : null;
    const lines = marked && next ? [saved, next] : [saved];
    const refuse = (reason: string) => {
      const what = marked ? { ...read, target: "ACCEPT" } : read;
      const means = describeTarget(what, saved.chain, this.#chains.has(read.target ?? ""));
      for (const { line } of lines) this.unsaid.set(line, `${reason}; ${means}`);
      return marked !== null;
    };
    const wrong = read.unsaid ?? errorOf(read.conditions, this.#kind, this.#family);
    if (wrong !== null) return refuse(wrong);
    if (marked && "reason" in marked) return refuse(marked.reason);
    const joined = conjunction(visit.guard, read.conditions, this.#family);
    if (joined === "unsayable") return refuse("its conditions and those of the jump to it cannot be joined");
    if (joined === "never" || errorOf(joined.ok, this.#kind, this.#family) !== null) {
      for (const { line } of lines) this.dead.add(line);
      return marked !== null;
    }
    if (this.#rules >= this.#mostRules) return refuse(`its chains become more than ${this.#mostRules} rules`);
    const { note } = read;
    const made = { conditions: joined.ok, own: read.conditions, note, visit: visit.number, line: saved.line };
    const policy = marked ?? VERDICTS.get(read.target ?? "");
    if (policy) {
      this.#decide(visit, policy, made);
      for (const { line } of lines) this.said.add(line);
    } else if (read.target === "RETURN") this.#leave(visit, made);
    else if (read.target !== null && this.#chains.has(read.target)) {
      if (visit.path.includes(read.target)) return refuse(`the chain ${read.target} leads back to itself`);
      if (visit.path.length > DEEPEST) return refuse(`more than ${DEEPEST} jumps lead to it`);
      this.#jump(visit, read, joined.ok, made);
    } else return refuse(wordless(read));
    return marked !== null;
  }

  /** The director or table of a MARK, when the next line is the ACCEPT to it; null when it stands alone. */
  #marked(
    read: ReadRule,
    next: SavedRule | undefined,
    direction: Direction,
  ): Action | { reason: string } | null {
    if (!next) return null;
    const after = readRule(next.words, this.#family, direction);
    if (after.target !== "ACCEPT" || JSON.stringify(after.conditions) !== JSON.stringify(read.conditions))
      return null;
    const mark = markOf(read);
    const known = this.#marks.get(mark.split("/")[0] ?? "");
    if (known) return known;
    return { reason: `it sets the mark ${mark}, and the text does not say for which director or table` };
  }

  #decide(visit: NumberedVisit, policy: Action, made: Omit<MadeRule, "verb">): void {
    const open = this.#open;
    const joins = open?.visit === visit.number && JSON.stringify(open.flow.policy) === JSON.stringify(policy);
    const flow = joins ? open.flow : this.#begin(visit, policy);
    flow.rules.push({ ...made, verb: "match" });
    this.#rules += 1;
  }

  #begin(visit: NumberedVisit, policy: Action): MadeFlow {
    const comment = visit.remark === "" ? [] : [visit.remark];
    visit.remark = "";
    const flow = { kind: this.#kind, name: visit.chain, policy, comment, rules: [...visit.left] };
    for (const { line } of visit.left) this.said.add(line);
    this.#rules += visit.left.length;
    this.flows.push(flow);
    this.#open = { visit: visit.number, flow };
    return flow;
  }

  #leave(visit: NumberedVisit, made: Omit<MadeRule, "verb">): void {
    const rule: MadeRule = { ...made, verb: "ignore" };
    visit.left.push(rule);
    if (this.#open?.visit !== visit.number) {
      // Said as soon as a flow begins behind it.
      this.idle.set(rule.line, "no line that was taken over stands behind it, so there is nothing to leave");
      return;
    }
    this.#open.flow.rules.push(rule);
    this.said.add(rule.line);
  }

  #jump(visit: NumberedVisit, read: ReadRule, guard: Conditions, made: Omit<MadeRule, "verb">): void {
    const { target, note } = read;
    const chain = target ?? "";
    // Our own hook says only whose it is, and stands there without flows too.
    const isHook = note === "flowmgr";
    const remark = isHook ? "" : note;
    const before = this.flows.length;
    this.#open = null;
    this.#visit({ chain, guard, left: visit.left, path: [...visit.path, chain], remark });
    this.#open = null;
    if (isHook || this.flows.length > before) this.said.add(made.line);
    else this.idle.set(made.line, `the chain ${chain} has no line that was taken over`);
    // What comes back from a goto goes on where this chain was called.
    if (read.goto) this.#leave(visit, made);
  }
}

type Visit = {
  chain: string;
  /** What the jumps to it ask. */
  guard: Conditions;
  /** What has left the chains around it. */
  left: MadeRule[];
  path: string[];
  /** The comment of the jump, for its first flow. */
  remark: string;
};

type NumberedVisit = Visit & { number: number };

const VERDICTS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ["ACCEPT", { action: "permit" }],
  ["DROP", { action: "deny" }],
]);

function wordless(read: ReadRule): string {
  if (read.target === null) return "it has no target and only counts";
  if (read.target === "MARK") return `it sets the mark ${markOf(read)} and goes on`;
  return `the target ${read.target} has no word here`;
}

/** Why no rule can have these conditions in this family; null when one can. */
function errorOf(conditions: Conditions, kind: Flow["kind"], family: Family): string | null {
  const rule: Rule = { verb: "match", off: false, comment: [], note: "", conditions };
  const flow: Flow = {
    kind,
    name: "a",
    policy: { action: "permit" },
    skipped: false,
    comment: [],
    note: "",
    rules: [rule],
  };
  const error = check({ items: [flow], comment: [] }).find(({ severity }) => severity === "error");
  if (error) return reasonOf(error);
  return familiesOf(rule).includes(family) ? null : `no IPv${family} packet can meet it`;
}
