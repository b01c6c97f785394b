/** A box in the words of the language. */
import {
  CONDITION_KINDS,
  type Condition,
  type Conditions,
  type MeaningOptions,
  networksOf,
  parseIcmpType,
  protocolName,
  protocolOccurs,
  STATES,
  TCP,
  UDP,
} from "@flowmgr/flow-model";
import type { Box } from "./boxes.ts";
import { interfacesIn, rangesOf, type World } from "./fields.ts";
import { complement, type Intervals, intersection } from "./intervals.ts";
import { LEVEL } from "./levels.ts";

/** What a box holds, as the conditions of a rule that holds for the same packets, and interfaces that it leaves out. */
export type Described = { conditions: Conditions; exceptInterfaces: string[] };

/** What is spared is in it only where the conditions name it, as in a rule. */
export function describeBox(box: Box, world: World, { loopback }: MeaningOptions): Described {
  const { family, maxima } = world;
  const conditions: Conditions = {};
  const exceptInterfaces: string[] = [];
  const say = (kind: keyof Conditions, level: number, print: Print, isWord?: IsWord) => {
    const intervals = box[level];
    if (intervals) conditions[kind] = shorter(intervals, maxima[level] ?? 0, print, isWord);
  };
  const ifaces = box[LEVEL.iface];
  if (ifaces) {
    const { condition, except } = describeInterfaces(ifaces, world, loopback);
    if (condition) conditions.iface = condition;
    exceptInterfaces.push(...except);
  }
  const hasPortWords = box[LEVEL.srcport] !== undefined || box[LEVEL.dstport] !== undefined;
  const protocols = numbersIn(box[LEVEL.proto] ?? []);
  const usual = hasPortWords && protocols.length === 2 && protocols.includes(TCP) && protocols.includes(UDP);
  if (!usual) {
    say("proto", LEVEL.proto, (intervals) =>
      numbersIn(intervals)
        .filter((number) => number > 0 && protocolOccurs(number, family))
        .map(protocolName),
    );
    if (conditions.proto?.values.length === 0) delete conditions.proto;
  }
  for (const kind of ["src", "dst"] as const) {
    say(kind, LEVEL[kind], (intervals) =>
      rangesOf(world[kind], intervals).flatMap((range) => networksOf(range, family)),
    );
  }
  for (const kind of ["srcport", "dstport"] as const) say(kind, LEVEL[kind], printRanges);
  say("icmptype", LEVEL.icmp, printIcmp, (text) => "ok" in parseIcmpType(text, family));
  say("state", LEVEL.state, (intervals) => numbersIn(intervals).flatMap((place) => STATES[place] ?? []));
  return { conditions: inOrder(conditions), exceptInterfaces };
}

type Print = (intervals: Intervals) => string[];

/** May it stand in a config? IPv4's ICMP type 255 may not: iptables takes it for any. */
type IsWord = (text: string) => boolean;

/** Said or denied, whichever takes fewer words; where one needs a word that there is not, the other. */
function shorter(intervals: Intervals, max: number, print: Print, isWord: IsWord = () => true): Condition {
  const said = print(intervals);
  const denied = print(complement(intervals, max));
  const isShorter = said.every(isWord) ? denied.length < said.length && denied.every(isWord) : true;
  return isShorter && denied.length > 0 ? { not: true, values: denied } : { not: false, values: said };
}

function numbersIn(intervals: Intervals): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < intervals.length; at += 2) {
    for (let number = intervals[at] ?? 0; number <= (intervals[at + 1] ?? -1); number += 1)
      numbers.push(number);
  }
  return numbers;
}

function printRanges(intervals: Intervals): string[] {
  const ranges: string[] = [];
  for (let at = 0; at < intervals.length; at += 2) {
    const [low, high] = [intervals[at], intervals[at + 1]];
    ranges.push(low === high ? String(low) : `${low}:${high}`);
  }
  return ranges;
}

/** Whole types, and single codes of the others. */
function printIcmp(intervals: Intervals): string[] {
  const words: string[] = [];
  for (let at = 0; at < intervals.length; at += 2) {
    const end = intervals[at + 1] ?? -1;
    for (let value = intervals[at] ?? 0; value <= end; ) {
      const type = value >>> 8;
      const whole = value % 256 === 0 && value + 255 <= end;
      words.push(whole ? String(type) : `${type}/${value % 256}`);
      value += whole ? 256 : 1;
    }
  }
  return words;
}

/** Patterns all of whose names are inside; where they do not hold all of it, a wider one and its exceptions. */
function describeInterfaces(
  inside: Intervals,
  { ifaces }: World,
  loopback: MeaningOptions["loopback"],
): { condition: Condition | null; except: string[] } {
  const places = numbersIn(inside);
  const outside = ifaces.names.flatMap((name, place) => (places.includes(place) ? [] : [name]));
  if (outside.length === 1 && outside[0] === "lo") {
    // As in a rule, what says nothing of interfaces does not mean lo, unless lo is judged like any.
    return { condition: loopback === "spare" ? null : { not: true, values: ["lo"] }, except: [] };
  }
  const takesOnly = (name: string) =>
    numbersIn(interfacesIn(ifaces, [name])).every((place) => places.includes(place));
  const fitting = ifaces.names.filter(takesOnly);
  const covered = intersection(interfacesIn(ifaces, fitting), inside);
  if (numbersIn(covered).length === places.length) {
    return { condition: { not: false, values: widest(fitting) }, except: [] };
  }
  const touched = places.map((place) => ifaces.names[place] ?? "+");
  const except = outside.filter((name) => touched.some((wide) => isUnder(name, wide)));
  return { condition: { not: false, values: widest(touched) }, except };
}

/** Is every name that a name or pattern stands for one that the pattern takes, and another name or pattern? */
export function isUnder(name: string, pattern: string): boolean {
  return pattern.endsWith("+") && name !== pattern && name.startsWith(pattern.slice(0, -1));
}

function widest(names: readonly string[]): string[] {
  return names.filter((name) => !names.some((wide) => isUnder(name, wide)));
}

function inOrder(conditions: Conditions): Conditions {
  const entries = CONDITION_KINDS.flatMap((kind) => {
    const condition = conditions[kind];
    return condition ? [[kind, condition] as const] : [];
  });
  return Object.fromEntries(entries);
}
