/** What the health of paths is told from: pure data, so that each line can be tested over a made-up machine. */
import type { HealthLine, Interface } from "@flowmgr/flow-api";
import {
  describeIpRule,
  type FamilyName,
  type IpRule,
  type Marks,
  type Program,
} from "@flowmgr/flow-compiler";
import { type Config, type Flow, flowsOf } from "@flowmgr/flow-model";
import type { Reading } from "@flowmgr/kernel";

export type World = {
  draft: Config;
  /** The config in force, and its program; empty and null before the first apply. */
  running: Config;
  program: Program | null;
  reading: Reading;
  /** The marks that an apply of the draft would give; null when it could not. */
  next: Marks | null;
  /** The marks that were set by hand, by director, in use or not. */
  markedByHand: ReadonlyMap<string, number>;
  /** Bits of the packet mark that are ours. */
  markMask: number;
};

export const FAMILIES = ["ip", "ip6"] satisfies FamilyName[];
export const PROTOCOL = { ip: "IPv4", ip6: "IPv6" } as const;

export const isOn = ({ policy, skipped }: Flow): boolean => policy !== null && !skipped;

/** Flows of a config that a test picks, in order. */
export function usedBy(config: Config, uses: (flow: Flow) => boolean): Interface["usedBy"] {
  return flowsOf(config)
    .filter(uses)
    .map((flow) => ({ flow: flow.name, on: isOn(flow) }));
}

export const hex = (number: number): string => `0x${number.toString(16)}`;

/** At most so many names in a sentence. */
const NAMED = 5;

/** `a, b and 3 more`. */
export function some(names: readonly string[]): string {
  const more = names.length - NAMED;
  return more > 0 ? `${names.slice(0, NAMED).join(", ")} and ${more} more` : names.join(", ");
}

/** `1 route`, `2 routes`. */
export const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;

/** How the `ip rule` of a mark is, one line for each family in which what is in force needs one. */
export function ipRuleLines({ program, reading }: World, mark: number): HealthLine[] {
  return FAMILIES.flatMap((family): HealthLine[] => {
    const wanted = program?.[family]?.ipRules.find((rule) => rule.mark === mark);
    if (!wanted) return [];
    const words = describeIpRule(wanted);
    const there = reading.state[family]?.ipRules.some((rule) => describeIpRule(rule) === words) ?? false;
    const what = "ip rule";
    if (there) return [{ what, state: "ok", text: `${PROTOCOL[family]}: ${brief(wanted)} is there` }];
    const text = `${PROTOCOL[family]}: ${brief(wanted)} is missing, so the mark leads nowhere; repair puts it back`;
    return [{ what, state: "error", text }];
  });
}

function brief({ mark, mask, table }: IpRule): string {
  return `fwmark ${hex(mark)}/${hex(mask)} lookup ${table}`;
}

/** The families in which a rule that is in force sets the mark. */
export function familiesOf({ program }: World, mark: number): FamilyName[] {
  return FAMILIES.filter((family) => program?.[family]?.ipRules.some((rule) => rule.mark === mark));
}
