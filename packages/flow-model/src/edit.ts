/**
 * Every change that a person or a script makes to a config, as a value. The page's buttons, keys and undo list,
 * and `POST /draft/edits`, are these.
 *
 * Names in edits are flows and outflows; a list is `@name`, as in conditions; an expectation is its own text (see
 * `keyOf`). An edit checks only what it needs to be carried out; whether the config that it leaves is right is for
 * `check` to say.
 */
import type { Diagnostic } from "./diagnostic.ts";
import type { Edit } from "./edit-schema.ts";
import { isExpectKey, keyOf } from "./item-key.ts";
import { listNamed, renameReferences } from "./lists.ts";
import type { Config, Flow, Item, Rule } from "./schema.ts";
import { quote } from "./value.ts";

export type Edited = { config: Config } | { error: Diagnostic };

/** The config with the edit made; the given one stays as it is, and what the edit does not touch is shared. */
export function edit(config: Config, edit: Edit): Edited {
  switch (edit.do) {
    case "add":
      return add(config, edit.item, edit);
    case "change":
      return change(config, edit.name, () => ({ item: edit.item }));
    case "remove":
      return remove(config, edit.name);
    case "move":
      return move(config, edit.name, edit);
    case "rename":
      return change(config, edit.name, (item) => {
        if (item.kind !== "expect") return { item: { ...item, name: edit.to.replace(/^@/, "") } };
        return fail(
          "no-name",
          "an expectation has no name",
          "change it instead: what it says is what it is called",
        );
      });
    case "switch":
      return changeFlow(config, edit.name, (flow) => switchFlow(flow, edit.on));
    default:
      return changeFlow(config, edit.flow, (flow) => editRules(flow, edit));
  }
}

/** All edits, one on top of the other, or none: `index` says which one failed, from 0. */
export function editAll(
  config: Config,
  edits: readonly Edit[],
): { config: Config } | { error: Diagnostic; index: number } {
  let current = config;
  for (const [index, one] of edits.entries()) {
    const edited = edit(current, one);
    if ("error" in edited) return { ...edited, index };
    current = edited.config;
  }
  return { config: current };
}

type Place = { before?: string | undefined; after?: string | undefined; position?: number | undefined };

function fail(code: string, message: string, help: string, flow?: string): { error: Diagnostic } {
  return { error: { code, severity: "error", message, help, ...(flow === undefined ? {} : { flow }) } };
}

function find(items: readonly Item[], name: string): { index: number; item: Item } | { error: Diagnostic } {
  const index = items.findIndex((item) => keyOf(item) === name);
  const item = items[index];
  if (item) return { index, item };
  const { word, called } = wordsOf(name);
  const names = items.map(keyOf).filter((key) => wordsOf(key).word === word);
  const shown = names.slice(0, 5).map(short).join(", ");
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  const help = names.length === 0 ? `the config has no ${word}s yet` : `the config has ${shown}${more}`;
  return fail(`unknown-${word}`, `there is no ${word} ${quote(called)}`, help);
}

/** How to speak of an item by its key. */
function wordsOf(key: string): { word: "flow" | "list" | "expectation"; called: string } {
  const name = listNamed(key);
  if (name !== null) return { word: "list", called: name };
  return { word: isExpectKey(key) ? "expectation" : "flow", called: key };
}

function refuseTwin(key: string): { error: Diagnostic } {
  const { word, called } = wordsOf(key);
  const one = word === "expectation" ? `an ${word}` : `a ${word}`;
  const help = word === "expectation" ? "leave it out" : `choose another name, or change that ${word}`;
  return fail(`duplicate-${word}`, `there is ${one} ${quote(called)} already`, help, key);
}

function add(config: Config, item: Item, place: Place): Edited {
  const { items } = config;
  const key = keyOf(item);
  if (items.some((other) => keyOf(other) === key)) return refuseTwin(key);
  const target = findPlace(items, place);
  return "error" in target
    ? target
    : { config: { ...config, items: items.toSpliced(target.index, 0, item) } };
}

/** The index that an item gets among `items`, which do not hold it. */
function findPlace(items: readonly Item[], place: Place): { index: number } | { error: Diagnostic } {
  const { before, after, position } = place;
  if ([before, after, position].filter((said) => said !== undefined).length > 1) {
    return fail("bad-place", "before, after and position exclude each other", "give one of them");
  }
  if (position !== undefined) {
    if (position >= 1 && position <= items.length + 1) return { index: position - 1 };
    return fail(
      "bad-position",
      `there is no position ${position}`,
      `positions go from 1 to ${items.length + 1}`,
    );
  }
  const neighbour = before ?? after;
  if (neighbour === undefined) return { index: items.length };
  const found = find(items, neighbour);
  return "error" in found ? found : { index: before === undefined ? found.index + 1 : found.index };
}

function remove(config: Config, name: string): Edited {
  const found = find(config.items, name);
  return "error" in found ? found : { config: { ...config, items: config.items.toSpliced(found.index, 1) } };
}

function move(config: Config, name: string, place: Place): Edited {
  const found = find(config.items, name);
  if ("error" in found) return found;
  // Before or behind itself is where it stands.
  if (place.before === name || place.after === name) return { config };
  const others = config.items.toSpliced(found.index, 1);
  const target = findPlace(others, place);
  if ("error" in target) return target;
  if (target.index === found.index) return { config };
  return { config: { ...config, items: others.toSpliced(target.index, 0, found.item) } };
}

function change(
  config: Config,
  name: string,
  to: (item: Item) => { item: Item } | { error: Diagnostic },
): Edited {
  const found = find(config.items, name);
  if ("error" in found) return found;
  const changed = to(found.item);
  if ("error" in changed) return changed;
  if (changed.item === found.item) return { config };
  const key = keyOf(changed.item);
  if (key !== name && config.items.some((other) => keyOf(other) === key)) return refuseTwin(key);
  const items = config.items.with(found.index, changed.item);
  return { config: { ...config, items: key === name ? items : renamed(items, name, changed.item) } };
}

/** A list that gets another name keeps those who name it. */
function renamed(items: Item[], key: string, item: Item): Item[] {
  const before = listNamed(key);
  if (before === null || item.kind !== "list") return items;
  const names = new Map([[before, item.name]]);
  return items.map((one) => renameReferences(one, names));
}

function changeFlow(
  config: Config,
  name: string,
  to: (flow: Flow) => { item: Flow } | { error: Diagnostic },
): Edited {
  return change(config, name, (item) => {
    if (item.kind === "flow" || item.kind === "outflow") return to(item);
    const what = item.kind === "list" ? "a list" : "an expectation";
    return fail("not-a-flow", `${quote(name)} is ${what}`, "name a flow or an outflow");
  });
}

function switchFlow(flow: Flow, on: boolean): { item: Flow } | { error: Diagnostic } {
  if (on && flow.policy === null) {
    const help = "give it one: permit, deny, director NAME or table TABLE";
    return fail(
      "no-policy",
      `the flow ${quote(flow.name)} has no policy that could be switched on`,
      help,
      flow.name,
    );
  }
  return { item: flow.skipped === !on ? flow : { ...flow, skipped: !on } };
}

type RuleEdit = Extract<Edit, { flow: string }>;

function editRules(flow: Flow, edit: RuleEdit): { item: Flow } | { error: Diagnostic } {
  const { rules } = flow;
  if (edit.do === "add-rule") {
    const position = edit.position ?? rules.length + 1;
    if (position > rules.length + 1) return refusePosition(flow, position, rules.length + 1);
    return withRules(flow, rules.toSpliced(position - 1, 0, edit.rule));
  }
  const index = edit.number - 1;
  const rule = rules[index];
  if (!rule) return refuseNumber(flow, edit.number);
  switch (edit.do) {
    case "change-rule":
      return withRules(flow, rules.with(index, edit.rule));
    case "remove-rule":
      return withRules(flow, rules.toSpliced(index, 1));
    case "move-rule":
      if (edit.position > rules.length) return refusePosition(flow, edit.position, rules.length);
      if (edit.position === edit.number) return { item: flow };
      return withRules(flow, rules.toSpliced(index, 1).toSpliced(edit.position - 1, 0, rule));
    case "switch-rule":
      if (rule.off === !edit.on) return { item: flow };
      return withRules(flow, rules.with(index, { ...rule, off: !edit.on }));
  }
}

const withRules = (flow: Flow, rules: Rule[]) => ({ item: { ...flow, rules } });

function refuseNumber({ name, rules }: Flow, number: number): { error: Diagnostic } {
  const help = rules.length === 0 ? "it has no rules" : `its rules go from 1 to ${rules.length}`;
  return fail("unknown-rule", `the flow ${quote(name)} has no rule ${number}`, help, name);
}

function refusePosition({ name }: Flow, position: number, last: number): { error: Diagnostic } {
  const help = `positions go from 1 to ${last}`;
  return fail("bad-position", `the flow ${quote(name)} has no position ${position}`, help, name);
}

/** What an edit does, in a few words, for undo and history: "switch mail off", "move ssh before dns". */
export function describeEdit(edit: Edit): string {
  switch (edit.do) {
    case "add":
      return `add ${short(keyOf(edit.item))}${describePlace(edit, "")}`;
    case "change":
      return `change ${short(edit.name)}`;
    case "remove":
      return `remove ${short(edit.name)}`;
    case "move":
      return `move ${short(edit.name)}${describePlace(edit, " to the end")}`;
    case "rename":
      return `rename ${edit.name} to ${listNamed(edit.name) === null ? "" : "@"}${edit.to.replace(/^@/, "")}`;
    case "switch":
      return `switch ${edit.name} ${edit.on ? "on" : "off"}`;
    case "add-rule":
      return `add a rule to ${edit.flow}`;
    case "change-rule":
      return `change rule ${edit.number} of ${edit.flow}`;
    case "remove-rule":
      return `remove rule ${edit.number} of ${edit.flow}`;
    case "move-rule":
      return `move rule ${edit.number} of ${edit.flow} to ${edit.position}`;
    case "switch-rule":
      return `switch rule ${edit.number} of ${edit.flow} ${edit.on ? "on" : "off"}`;
  }
}

function describePlace({ before, after, position }: Place, otherwise: string): string {
  if (before !== undefined) return ` before ${short(before)}`;
  if (after !== undefined) return ` after ${short(after)}`;
  return position === undefined ? otherwise : ` at ${position}`;
}

/** Names are shorter; an expectation may be called by a thousand addresses. */
const SHORT = 80;

const short = (key: string) => (key.length > SHORT ? `${key.slice(0, SHORT)}…` : key);
