/**
 * Search in flows: which of them a query means, and which of their rules.
 *
 * A term asks a flow as a whole (its name, policy, comments, direction) or its rules. A flow is found when every
 * term holds for the flow itself, or for one rule together with all other terms that ask rules: `dst:192.168.0.2
 * port:25` means one rule that has both. `-term` means that it holds nowhere in the flow.
 *
 * Values are compared by what they mean: an address with the ranges that hold it, whether the rule says `not` or
 * not, since both speak of it; named lists count with all that they hold. What is read from a config is kept with
 * its rules, so that a keystroke only compares.
 */
import { parseAddress, rangeOf } from "./address.ts";
import { icmpFamily } from "./holds.ts";
import { type IcmpType, parseIcmpType } from "./icmp.ts";
import { listNamed } from "./lists.ts";
import { interfaceMatches } from "./names.ts";
import { parsePorts } from "./ports.ts";
import { parseProtocol } from "./protocols.ts";
import type { ConditionKind, Config, Flow, Rule } from "./schema.ts";
import { addressesOf, expandedFlows, portsOf, type Span, wordsOf, wordsOfRule } from "./search-index.ts";
import { parseSearch, type SearchKey, type SearchWord, type Term } from "./search-terms.ts";
import { parseTable } from "./tables.ts";

export { warmSearch } from "./search-index.ts";
export * from "./search-terms.ts";

/** What a config does not say itself. */
export type Fact = "unused" | "warning" | "error" | "changed";

/** Whether a fact is so for a flow as a whole (`rule` null) or for one of its rules, from 1. */
export type AskFact = (fact: Fact, flow: Flow, rule: number | null) => boolean;

/** The rules that made it be found, from 1; none when all that was asked holds for the flow itself. */
export type Found = { rules: number[] };

export type Search = (flow: Flow) => Found | null;

/** The search that a query stands for, among the flows of this very `config`. A blank query finds every flow. */
export function search(query: string, config: Config, ask: AskFact = () => false): Search {
  const asked = parseSearch(query).map((term) => ({ not: term.not, ...questionOf(term, ask) }));
  const expanded = expandedFlows(config);
  return (flow) => found(asked, flow, expanded?.get(flow) ?? flow);
}

/** A rule as it is written, and with its lists expanded. */
type Both = { rule: Rule; full: Rule; number: number };

type Question = {
  ofFlow: (flow: Flow) => boolean;
  ofRule: ((flow: Flow, both: Both) => boolean) | null;
};

function found(asked: readonly (Question & { not: boolean })[], flow: Flow, full: Flow): Found | null {
  const open: Question["ofRule"][] = [];
  const holdsFor =
    ({ ofRule }: Question) =>
    (rule: Rule, index: number) =>
      ofRule?.(flow, { rule, full: full.rules[index] ?? rule, number: index + 1 }) ?? false;
  for (const question of asked) {
    const ofFlow = question.ofFlow(flow);
    if (question.not) {
      if (ofFlow || flow.rules.some(holdsFor(question))) return null;
    } else if (!ofFlow) {
      if (!question.ofRule) return null;
      open.push(question.ofRule);
    }
  }
  if (open.length === 0) return { rules: [] };
  const rules: number[] = [];
  for (const [index, rule] of flow.rules.entries()) {
    const both = { rule, full: full.rules[index] ?? rule, number: index + 1 };
    if (open.every((ofRule) => ofRule?.(flow, both))) rules.push(index + 1);
  }
  return rules.length > 0 ? { rules } : null;
}

const NEVER = () => false;

function questionOf(term: Term, ask: AskFact): Question {
  if ("key" in term.ask) return keyQuestion(term.ask.key, term);
  if ("word" in term.ask) return wordQuestion(term.ask.word, ask);
  const address = term.exact ? null : addressTest(["src", "dst"], term);
  const says = (rule: Rule) => wordsOfRule(rule).includes(term.value);
  const remarks = ({ note, comment }: Rule) =>
    (note !== "" || comment.length > 0) &&
    [note, ...comment].some((text) => text.toLowerCase().includes(term.value));
  return {
    ofFlow: (flow) => wordsOf(flow).includes(term.value),
    ofRule: (flow, both) => (address ? address(flow, both) || remarks(both.rule) : says(both.rule)),
  };
}

function wordQuestion(word: SearchWord, ask: AskFact): Question {
  switch (word) {
    case "in":
      return { ofFlow: ({ kind }) => kind === "flow", ofRule: null };
    case "out":
      return { ofFlow: ({ kind }) => kind === "outflow", ofRule: null };
    case "off":
      return { ofFlow: ({ skipped }) => skipped, ofRule: (_, { rule }) => rule.off };
    default:
      return {
        ofFlow: (flow) => ask(word, flow, null),
        ofRule: (flow, { number }) => ask(word, flow, number),
      };
  }
}

function keyQuestion(key: SearchKey, term: Term): Question {
  switch (key) {
    case "name":
      return ofFlow(({ name }) => (term.exact ? same(name, term) : name.toLowerCase().includes(term.value)));
    case "policy":
      return ofFlow(({ policy, skipped }) =>
        [...(policy ? [policy.action] : []), ...(skipped ? ["skip"] : [])].some((word) => same(word, term)),
      );
    case "director":
      return ofFlow(({ policy }) => policy?.action === "director" && same(policy.director, term));
    case "table":
      return ofFlow(({ policy }) => policy?.action === "table" && sameTable(policy.table, term));
    default:
      return { ofFlow: NEVER, ofRule: ruleTest(key, term) };
  }
}

const ofFlow = (holds: (flow: Flow) => boolean): Question => ({ ofFlow: holds, ofRule: null });

type RuleTest = NonNullable<Question["ofRule"]>;

/** A key whose value is still to come asks whether there is such a condition at all. */
function ruleTest(key: Exclude<SearchKey, "name" | "policy" | "director" | "table">, term: Term): RuleTest {
  switch (key) {
    case "src":
    case "dst":
      return addressTest([key], term) ?? valueTest([key], (value) => value.includes(term.value), term);
    case "port":
      return portTest(["srcport", "dstport"], term);
    case "srcport":
    case "dstport":
      return portTest([key], term);
    case "proto":
      return valueTest(["proto"], (value) => sameProtocol(value, term), term);
    case "iface":
      return valueTest(["iface"], (value) => same(value, term) || covers(value, term.value), term);
    case "state":
      return valueTest(["state"], (value) => same(value, term), term);
    case "icmp":
      return icmpTest(term);
    case "list":
      return (_, { rule }) =>
        Object.values(rule.conditions).some(({ values }) =>
          values.some((value) => listNamed(value) !== null && same(value.slice(1), term)),
        );
  }
}

/** Some value of one of these conditions passes; or the condition is there, where the term has no value. */
function valueTest(
  kinds: readonly ConditionKind[],
  passes: (value: string) => boolean,
  term: Term,
): RuleTest {
  return (_, { rule, full }) =>
    kinds.some((kind) => {
      const written = rule.conditions[kind];
      if (!written || term.value === "") return written !== undefined;
      const values = full.conditions[kind]?.values ?? [];
      return written.values.some(passes) || (values !== written.values && values.some(passes));
    });
}

const meets = <T>(a: Span<T>, b: Span<T>): boolean => a.low <= b.high && b.low <= a.high;

/** Ranges that hold the address, or that lie in the network; null where the value is neither. */
function addressTest(kinds: readonly ("src" | "dst")[], term: Term): RuleTest | null {
  const address = parseAddress(term.value);
  if ("error" in address) return null;
  const wanted = { family: address.ok.family, ...rangeOf(address.ok) };
  return (_, { full }) =>
    kinds.some((kind) =>
      addressesOf(full.conditions[kind]).some(
        (range) => range.family === wanted.family && meets(range, wanted),
      ),
    );
}

function portTest(kinds: readonly ("srcport" | "dstport")[], term: Term): RuleTest {
  const wanted = parsePorts(term.value);
  if ("error" in wanted) return valueTest(kinds, (value) => same(value, term), term);
  return (_, { full }) =>
    kinds.some((kind) => portsOf(full.conditions[kind]).some((range) => meets(range, wanted.ok)));
}

function icmpTest(term: Term): RuleTest {
  const wanted = { 4: parseIcmpType(term.value, 4), 6: parseIcmpType(term.value, 6) };
  const holds = valueTest(["icmptype"], (value) => same(value, term), term);
  return (flow, both) => {
    const { icmptype } = both.rule.conditions;
    const family = icmpFamily(both.rule.conditions);
    const type = wanted[family];
    if (!icmptype || "error" in type) return holds(flow, both);
    return icmptype.values.some((value) => {
      const own = parseIcmpType(value, family);
      return "ok" in own && meetIcmp(own.ok, type.ok);
    });
  };
}

function meetIcmp(a: IcmpType, b: IcmpType): boolean {
  if ("any" in a || "any" in b) return true;
  return a.type === b.type && (a.code === null || b.code === null || a.code === b.code);
}

/** By its beginning; in quotes the whole. */
function same(value: string, { value: wanted, exact }: Term): boolean {
  const lower = value.toLowerCase();
  return exact ? lower === wanted : lower.startsWith(wanted);
}

function sameProtocol(value: string, term: Term): boolean {
  const wanted = parseProtocol(term.value);
  if ("error" in wanted) return same(value, term);
  const own = parseProtocol(value);
  return "ok" in own && own.ok === wanted.ok;
}

function sameTable(value: string, term: Term): boolean {
  if (term.value === "") return true;
  const [own, wanted] = [parseTable(value), parseTable(term.value)];
  if ("ok" in own && "ok" in wanted && "number" in own.ok && "number" in wanted.ok)
    return own.ok.number === wanted.ok.number;
  return same(value, term) && !/^\d/.test(term.value);
}

/** A pattern of a rule that takes the interface, or another pattern that meets it. */
function covers(pattern: string, wanted: string): boolean {
  const lower = pattern.toLowerCase();
  return interfaceMatches(lower, wanted) || (wanted.endsWith("+") && interfaceMatches(wanted, lower));
}
