/**
 * Config -> canonical text, comments kept. What it prints parses back to the same config; the canonical text of a
 * value is all that changes (`22:22` prints as `22`, `10.0.0.1/32` as `10.0.0.1`).
 *
 * Text is built from words and lines that JSON may fill with anything. A value that holds a line end would come
 * back as something else, so `print` refuses it; `check` finds it before, with a place.
 */
import { parseAddress, printAddress } from "./address.ts";
import { parsePorts, printPorts } from "./ports.ts";
import {
  type Action,
  CONDITION_KINDS,
  type Condition,
  type ConditionKind,
  type Conditions,
  type Config,
  type Expect,
  type Flow,
  type Item,
  type List,
  type Rule,
} from "./schema.ts";

/** The text of a config that `check` finds no error in; of another it may throw, and never prints it wrong. */
export function print(config: Config): string {
  return partsOf(config).join("\n");
}

/** The pieces of a config's text, each on lines of its own; an empty line stands between two. Throws as `print` does. */
export function partsOf({ items, comment }: Config): string[] {
  for (const text of comment) assertOneLine(text, "/comment");
  const rest = comment.map((text) => `${printComment(text)}\n`).join("");
  return [...items.map(partOf), ...(rest === "" ? [] : [rest])];
}

/** Keyed by the item itself: a config is a value, so of ten thousand flows an edit prints one. */
const printed = new WeakMap<Item, string>();

function partOf(item: Item, index: number): string {
  const known = printed.get(item);
  if (known !== undefined) return known;
  assertPrintable(item, `/items/${index}`);
  const part = `${printItem(item)}\n`;
  printed.set(item, part);
  return part;
}

/** An item on its lines, without a line end at the end. Never throws. */
export function printItem(item: Item): string {
  if (item.kind === "list") return printList(item);
  return item.kind === "expect"
    ? [...item.comment.map(printComment), printExpect(item)].join("\n")
    : printFlow(item);
}

/** An expectation on one line, with its note and without the comments above it. Never throws. */
export function printExpect({ direction, verdict, conditions, note }: Expect): string {
  const decided = verdict.action === "undecided" ? verdict.action : printAction(verdict);
  const words = [
    "expect",
    ...(direction === "out" ? ["outflow"] : []),
    decided,
    ...printConditions(conditions),
  ];
  return withNote(words.join(" "), note);
}

/** Longest line of a list that stands on one, its note not counted. */
const LINE_LENGTH = 100;

/** `list office { 10.0.0.0/8, @branch }`: on one line where it fits, otherwise each value on its own. */
function printList({ name, values, comment, note }: List): string {
  const printed = values.map(printListed);
  const line = `list ${name} { ${printed.join(", ")} }`;
  const lines =
    line.length <= LINE_LENGTH
      ? [withNote(line, note)]
      : [withNote(`list ${name} {`, note), `  ${printed.join(",\n  ")}`, "}"];
  return [...comment.map(printComment), ...lines].join("\n");
}

/** A flow on its lines, without a line end at the end. Takes flows that are being edited, too, and never throws. */
export function printFlow(flow: Flow): string {
  const head = [flow.kind, flow.name, printPolicy(flow)].join(" ");
  const rules = flow.rules.flatMap((rule) => [...rule.comment.map(printComment), printRule(rule)]);
  return [
    ...flow.comment.map(printComment),
    withNote(head, flow.note),
    ...rules.map((line) => `  ${line}`),
  ].join("\n");
}

/** `permit`, `director mail`, `skip`, `skip deny`. */
export function printPolicy({ policy, skipped }: Pick<Flow, "policy" | "skipped">): string {
  return [...(skipped || !policy ? ["skip"] : []), ...(policy ? [printAction(policy)] : [])].join(" ");
}

function printAction(action: Action): string {
  if (action.action === "director") return `director ${action.director}`;
  return action.action === "table" ? `table ${action.table}` : action.action;
}

/** A rule on one line, with its note and without the comments above it. Never throws. */
export function printRule(rule: Rule): string {
  const words = [...(rule.off ? ["off"] : []), rule.verb, ...printConditions(rule.conditions)];
  return withNote(words.join(" "), rule.note);
}

function printConditions(conditions: Conditions): string[] {
  return CONDITION_KINDS.flatMap((kind) => {
    const condition = conditions[kind];
    return condition ? [printCondition(kind, condition)] : [];
  });
}

/** `not src 192.168.0.0/24`: one condition as it stands in the text. */
export function printCondition(kind: ConditionKind, { not, values }: Condition): string {
  return `${not ? "not " : ""}${kind} ${listed(values.map((value) => printValue(kind, value)))}`;
}

function listed(printed: readonly string[]): string {
  const [only] = printed;
  return only !== undefined && printed.length === 1 ? only : `{ ${printed.join(", ")} }`;
}

/** Most values of a list that a sentence repeats. */
const SHOWN = 3;

/** The values of a condition for a sentence: as they stand in the text, a long list cut. */
export function printValues(kind: ConditionKind, values: readonly string[]): string {
  const shown = values.slice(0, SHOWN).map((value) => printValue(kind, value));
  if (values.length > SHOWN) shown.push(`… ${values.length - SHOWN} more`);
  return listed(shown);
}

/** The canonical text of a value: addresses and ports have one, the others stand as written. */
function printValue(kind: ConditionKind, text: string): string {
  if (kind === "src" || kind === "dst") {
    const address = parseAddress(text);
    return "ok" in address ? printAddress(address.ok) : text;
  }
  if (kind === "srcport" || kind === "dstport") {
    const ports = parsePorts(text);
    return "ok" in ports ? printPorts(ports.ok) : text;
  }
  return text;
}

/** The canonical text of a list's value, which may be an address or ports. */
function printListed(text: string): string {
  const ports = parsePorts(text);
  return "ok" in ports ? printPorts(ports.ok) : printValue("src", text);
}

function printComment(text: string): string {
  return text === "" ? "#" : `# ${text}`;
}

function withNote(line: string, note: string): string {
  return note === "" ? line : `${line} ${printComment(note)}`;
}

/** The item with its values as they are printed. */
export function canonicalItem(item: Item): Item {
  if (item.kind === "expect") return { ...item, conditions: canonicalConditions(item.conditions) };
  if (item.kind === "list") return { ...item, values: item.values.map(printListed) };
  const rules = item.rules.map((rule) => ({ ...rule, conditions: canonicalConditions(rule.conditions) }));
  return { ...item, rules };
}

function canonicalConditions(conditions: Conditions): Conditions {
  const canonical: Conditions = {};
  for (const kind of CONDITION_KINDS) {
    const condition = conditions[kind];
    if (condition)
      canonical[kind] = {
        ...condition,
        values: condition.values.map((value) => printValue(kind, value)),
      };
  }
  return canonical;
}

/** Throws where what is to be one word of an item is none, or what stands behind a `#` more than a line. */
function assertPrintable(item: Item, pointer: string): void {
  assertLines(item, pointer);
  if (item.kind === "expect") {
    assertAction(item.verdict, `${pointer}/verdict`);
    assertConditions(item.conditions, pointer);
    return;
  }
  assertOneWord(item.name, `${pointer}/name`);
  if (item.kind === "list") {
    for (const value of item.values) assertOneWord(value, `${pointer}/values`);
    return;
  }
  if (item.policy) assertAction(item.policy, `${pointer}/policy`);
  for (const [index, rule] of item.rules.entries()) {
    assertLines(rule, pointer);
    assertConditions(rule.conditions, `${pointer}/rules/${index}`);
  }
}

function assertAction(action: Expect["verdict"], pointer: string): void {
  if (action.action === "director") assertOneWord(action.director, `${pointer}/director`);
  if (action.action === "table") assertOneWord(action.table, `${pointer}/table`);
}

function assertConditions(conditions: Conditions, pointer: string): void {
  for (const kind of CONDITION_KINDS) {
    const condition = conditions[kind];
    if (!condition) continue;
    for (const value of condition.values) assertOneWord(value, `${pointer}/conditions/${kind}`);
  }
}

function assertLines({ comment, note }: { comment: string[]; note: string }, pointer: string): void {
  for (const text of comment) assertOneLine(text, pointer);
  if (note !== "") assertOneLine(note, pointer);
}

function assertOneWord(text: string, pointer: string): void {
  if (text === "" || /[\s{},#]/.test(text)) throw cannotPrint(JSON.stringify(text), pointer);
}

function assertOneLine(text: string, pointer: string): void {
  if (/[\r\n]/.test(text)) throw cannotPrint(JSON.stringify(text), pointer);
}

function cannotPrint(what: string, pointer: string): Error {
  return new Error(`${pointer}: ${what} cannot be printed: print takes what check has passed`);
}
