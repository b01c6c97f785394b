/** One packet through the chains of a restore text, rule by rule, as the kernel takes it. */
import { interfaceMatches, type Packet, STATES } from "@flowmgr/flow-model";
import { holdsAddress } from "../space/addresses.ts";
import type { Intervals } from "../space/intervals.ts";
import { LEVEL } from "../space/levels.ts";
import type { Chains, ReadRule } from "./chains.ts";
import { marked } from "./outcomes.ts";
import type { Test } from "./restore-tests.ts";

export type Passage = {
  end: "accept" | "drop" | "undecided";
  mark: number;
  /** The rules that it met and that did something to it, in order, as they stand in the text. */
  way: string[];
};

/** What a packet with this mark meets behind a built-in chain. */
export function passageOf(chains: Chains, builtIn: string, packet: Packet, mark = 0): Passage {
  const passage: Passage = { end: "undecided", mark, way: [] };
  const visit = (name: string): boolean => {
    for (const rule of chains.get(name) ?? []) {
      if (!rule.tests.every((test) => holds(test, packet, passage.mark) !== test.not)) continue;
      const step = take(rule, passage);
      if (step === "left") return false;
      if (step === "ended") return true;
      if (step === "on") continue;
      if (visit(step.into)) return true;
      if (step.forGood) return false;
    }
    return false;
  };
  visit(builtIn);
  return passage;
}

type Step = "on" | "left" | "ended" | { into: string; forGood: boolean };

function take({ text, target }: ReadRule, passage: Passage): Step {
  if (target.does === "nothing") return "on";
  passage.way.push(text);
  switch (target.does) {
    case "return":
      return "left";
    case "mark":
      passage.mark = marked(passage.mark, target);
      return "on";
    case "jump":
    case "goto":
      return { into: target.chain, forGood: target.does === "goto" };
    default:
      passage.end = target.does;
      return "ended";
  }
}

function holds(test: Test, packet: Packet, mark: number): boolean {
  switch (test.of) {
    case "address": {
      const address = test.level === LEVEL.dst ? packet.dst : packet.src;
      return holdsAddress(test.inside, address, packet.family);
    }
    case "interface":
      return interfaceMatches(test.pattern, test.side === packet.direction ? packet.iface : "");
    case "mark":
      return (mark & test.mask) >>> 0 === test.value;
    case "socket":
      return false;
    default:
      return isWithin(test.inside, valueAt(test.level, packet));
  }
}

/** null: the packet has no such field, so nothing asked of it holds. */
function valueAt(level: number, packet: Packet): number | null {
  switch (level) {
    case LEVEL.proto:
      return packet.proto;
    case LEVEL.srcport:
      return packet.srcport ?? null;
    case LEVEL.dstport:
      return packet.dstport ?? null;
    case LEVEL.icmp:
      return packet.icmp ? packet.icmp.type * 256 + packet.icmp.code : null;
    default:
      return STATES.indexOf(packet.state ?? "new");
  }
}

function isWithin(intervals: Intervals, value: number | null): boolean {
  if (value === null) return false;
  for (let at = 0; at < intervals.length; at += 2) {
    if ((intervals[at] ?? 0) <= value && value <= (intervals[at + 1] ?? -1)) return true;
  }
  return false;
}
