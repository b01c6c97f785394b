/** What differs between two versions of an item, in words: "rule 2 changed", "policy permit, was deny". */
import { type Flow, type Item, type List, printPolicy, printRule, type Rule } from "@flowmgr/flow-model";
import { diffArrays } from "diff";
import { counted } from "../ui/say.ts";

/** Nothing for equal ones. */
export function differencesOf(before: Item, after: Item): string[] {
  if (isFlow(before) && isFlow(after)) return ofFlow(before, after);
  if (before.kind === "list" && after.kind === "list") return ofList(before, after);
  // An expectation that says something else is another one.
  return JSON.stringify(before) === JSON.stringify(after) ? [] : ["comments changed"];
}

const isFlow = (item: Item): item is Flow => item.kind === "flow" || item.kind === "outflow";

function ofFlow(before: Flow, after: Flow): string[] {
  const found: string[] = [];
  if (before.name !== after.name) found.push(`was called ${before.name}`);
  if (before.kind !== after.kind) found.push(`${after.kind}, was ${before.kind}`);
  const [was, is] = [policyOf(before), policyOf(after)];
  if (was !== is) found.push(`policy ${is}, was ${was}`);
  if (before.skipped !== after.skipped) found.push(after.skipped ? "switched off" : "switched on");
  found.push(...ofRules(before.rules, after.rules));
  if (commentsOf(before) !== commentsOf(after)) found.push("comments changed");
  return found;
}

const policyOf = ({ policy }: Flow) => printPolicy({ policy, skipped: false });

const commentsOf = ({ comment, note, rules }: Flow) =>
  [comment, note, ...rules.map((rule) => [rule.comment, rule.note])].flat(2).filter(Boolean).join("\n");

/** A rule on its line, `index` from 0 in the version that it belongs to. */
type Line = { text: string; index: number };

function ofRules(before: Rule[], after: Rule[]): string[] {
  const gone: Line[] = [];
  const come: Line[] = [];
  const changed: [from: Line, to: Line][] = [];
  let [from, to] = [0, 0];
  let removed: Line[] = [];
  for (const part of diffArrays(linesOf(before), linesOf(after))) {
    if (part.removed) {
      removed = part.value.map((text) => ({ text, index: from++ }));
      gone.push(...removed);
      continue;
    }
    const added = part.added ? part.value.map((text) => ({ text, index: to++ })) : [];
    const pairs = Math.min(removed.length, added.length);
    for (const [at, line] of added.entries()) {
      const old = removed[at];
      if (old && at < pairs) changed.push([old, line]);
      else come.push(line);
    }
    for (const [old] of changed) if (gone.includes(old)) gone.splice(gone.indexOf(old), 1);
    removed = [];
    if (!part.added) [from, to] = [from + part.value.length, to + part.value.length];
  }
  return inWords(gone, come, changed);
}

function inWords(gone: Line[], come: Line[], changed: [Line, Line][]): string[] {
  const moved = come.flatMap((line) => {
    const old = gone.find(({ text }) => text === line.text);
    if (old) gone.splice(gone.indexOf(old), 1);
    return old ? [{ old, line }] : [];
  });
  const fresh = come.filter((line) => moved.every((one) => one.line !== line));
  return [
    ...changed.map(([old, line]) => `rule ${line.index + 1} ${howChanged(old.text, line.text)}`),
    ...moved.map(({ old, line }) => `rule ${old.index + 1} moved to ${line.index + 1}`),
    ...fresh.map(({ index }) => `rule ${index + 1} added`),
    ...gone.map(({ index }) => `rule ${index + 1} removed`),
  ];
}

function howChanged(before: string, after: string): string {
  if (after === `off ${before}`) return "switched off";
  if (before === `off ${after}`) return "switched on";
  return "changed";
}

const linesOf = (rules: Rule[]) => rules.map((rule) => printRule({ ...rule, note: "" }));

function ofList(before: List, after: List): string[] {
  const added = without(after.values, new Set(before.values));
  const removed = without(before.values, new Set(after.values));
  const found: string[] = [];
  if (before.name !== after.name) found.push(`was called @${before.name}`);
  if (added.length > 0) found.push(`${some(added)} added`);
  if (removed.length > 0) found.push(`${some(removed)} removed`);
  if (found.length === 0 && JSON.stringify(before) !== JSON.stringify(after))
    found.push("order or comments changed");
  return found;
}

const without = (values: string[], others: ReadonlySet<string>) =>
  values.filter((value) => !others.has(value));

const some = (values: string[]) => (values.length > 3 ? counted(values.length, "value") : values.join(", "));
