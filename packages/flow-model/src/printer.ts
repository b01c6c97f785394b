/**
 * Config -> canonical text, comments kept. What it prints parses back to the same config; the canonical text of a
 * value is all that changes (`22:22` prints as `22`, `10.0.0.1/32` as `10.0.0.1`).
 *
 * Text is built from words and lines that JSON may fill with anything. A value that holds a line end would come
 * back as something else, so `print` refuses it; `check` finds it before, with a place.
 */
import { parseAddress, printAddress } from "./address.ts";
import type { Places } from "./diagnostic.ts";
import { parse } from "./parser.ts";
import { parsePorts, printPorts } from "./ports.ts";
import {
  type Action,
  CONDITION_KINDS,
  type Condition,
  type ConditionKind,
  type Conditions,
  type Config,
  type Flow,
  type Item,
  type Rule,
} from "./schema.ts";

/** The text of a config that `check` finds no error in; of another it may throw, and never prints it wrong. */
export function print(config: Config): string {
  const flows = config.items.map((item, index) => {
    const flow = flowOf(item, index);
    for (const [pointer, text] of wordsOf(flow)) assertOneWord(text, `/items/${index}${pointer}`);
    for (const text of linesOf(flow)) assertOneLine(text, `/items/${index}`);
    return `${printFlow(flow)}\n`;
  });
  for (const text of config.comment) assertOneLine(text, "/comment");
  const rest = config.comment.map((text) => `${printComment(text)}\n`).join("");
  return [...flows, rest].filter((part) => part !== "").join("\n");
}

/**
 * `print`, and where each part of the config stands in the text. To know it, the text is parsed; what came back is
 * compared with what was printed, comments too, and a difference throws.
 */
export function printWithPlaces(config: Config): {
  text: string;
  places: Places;
} {
  const text = print(config);
  const read = parse(text);
  if (!same(read.config, canonicalConfig(config)))
    throw new Error("the printed config does not read back the same");
  return { text, places: read.places };
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
  const printed = values.map((value) => printValue(kind, value));
  const list = printed.length === 1 ? printed[0] : `{ ${printed.join(", ")} }`;
  return `${not ? "not " : ""}${kind} ${list}`;
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

function printComment(text: string): string {
  return text === "" ? "#" : `# ${text}`;
}

function withNote(line: string, note: string): string {
  return note === "" ? line : `${line} ${printComment(note)}`;
}

function canonicalConfig(config: Config): Config {
  const items = config.items.map((item, index): Flow => {
    const flow = flowOf(item, index);
    const rules = flow.rules.map((rule) => ({
      ...rule,
      conditions: canonicalConditions(rule.conditions),
    }));
    return { ...flow, rules };
  });
  return { ...config, items };
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

function flowOf(item: Item, index: number): Flow {
  if (item.kind === "list" || item.kind === "expect") throw cannotPrint(item.kind, `/items/${index}`);
  return item;
}

/** Everything that stands in a flow's text as one word. */
function* wordsOf(flow: Flow): Generator<[pointer: string, text: string]> {
  yield ["/name", flow.name];
  if (flow.policy?.action === "director") yield ["/policy/director", flow.policy.director];
  if (flow.policy?.action === "table") yield ["/policy/table", flow.policy.table];
  for (const [index, { conditions }] of flow.rules.entries()) {
    for (const kind of CONDITION_KINDS) {
      for (const value of conditions[kind]?.values ?? []) yield [`/rules/${index}/conditions/${kind}`, value];
    }
  }
}

/** Everything that stands in a flow's text behind a `#`. */
function* linesOf(flow: Flow): Generator<string> {
  for (const owner of [flow, ...flow.rules]) yield* [...owner.comment, owner.note];
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

/** Deep equality of what JSON can hold. */
function same(a: unknown, b: unknown): boolean {
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => same(a[key], b[key]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
