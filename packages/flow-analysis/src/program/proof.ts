/**
 * The compiler judged: the chains that would go into the kernel, read back as text, do to every packet what the flows
 * say. Both are turned into diagrams over the same space, where equal means the same node; where they are not equal
 * there is a packet that shows it, walked through both once more.
 */
import { type Config, type Family, type Packet, printPacket } from "@flowmgr/flow-model";
import type { AnalysisOptions } from "../options.ts";
import { impossibleBox } from "../space/boxes.ts";
import { packetOf } from "../space/fields.ts";
import { NONE, TooLarge } from "../space/node-store.ts";
import { likelyPoint } from "../space/sample.ts";
import { decide } from "../trace.ts";
import type { Decision } from "../walk.ts";
import { ChainSpace } from "./chain-space.ts";
import { flowEffects } from "./flow-effects.ts";
import { type Got, gotOf } from "./got.ts";
import { MarkOwners, type OwnedMarks } from "./mark-owners.ts";
import { type Chains, readRestoreText } from "./restore-text.ts";
import { differenceOn } from "./sequence.ts";
import { BUILT_IN, spaceOf } from "./text-world.ts";
import { UnreadableProgram } from "./unreadable.ts";
import { waysThrough } from "./ways.ts";

/** What would go into the kernel for one family. */
export type ProgramText = {
  family: Family;
  /** Input of `iptables-restore`, whole. */
  text: string;
  /** Input of `ipset restore`, before: the sets that the rules name; absent: none. */
  sets?: string;
  marks: OwnedMarks;
  /** The bits of a mark that are ours. */
  markMask: number;
};

export type Proof = {
  /** `open`: neither, before `stop` said so or the diagram became too large. */
  status: "equal" | "differs" | "open";
  /** What differs, or why it stayed open, a sentence; "" when equal. */
  said: string;
  /** One for which they differ; null too where a word of the text is not known, or INPUT is wrong. */
  packet: Packet | null;
  /** What the flows say of the packet, and what the chains would do. */
  expected: Decision | null;
  got: Got | null;
};

export type ProofOptions = AnalysisOptions & {
  /** Most edges of the diagram, 8 bytes each; by default those of `Diagram`. */
  mostEdges?: number;
};

/** Equal, with nothing to say. */
export const PROVEN: Proof = { status: "equal", said: "", packet: null, expected: null, got: null };

/**
 * Proves that a program does what a config says, for all packets of a family, coming in and leaving. The config: one
 * that `check` finds no error in. Fragments, routes and counters are not looked at.
 */
export function proveProgram(config: Config, program: ProgramText, options: ProofOptions = {}): Proof {
  try {
    const chains = readRestoreText(program.text, program.family, program.sets);
    const owners = new MarkOwners(program.marks, program.markMask);
    for (const direction of ["in", "out"] as const) {
      const packet = compare(config, chains, { direction, family: program.family }, owners, options);
      if (packet) return differing(config, chains, packet, owners, options);
    }
    return PROVEN;
  } catch (error) {
    if (error instanceof UnreadableProgram) return { ...PROVEN, status: "differs", said: error.message };
    if (error instanceof TooLarge) {
      const said = options.stop?.() ? "the proof was given up" : "the proof became too large";
      return { ...PROVEN, status: "open", said };
    }
    throw error;
  }
}

function differing(
  config: Config,
  chains: Chains,
  packet: Packet,
  owners: MarkOwners,
  options: ProofOptions,
): Proof {
  const expected = decide(config, packet, options);
  const got = gotOf(chains, packet, owners);
  const said = `${printPacket(packet)}: ${sayDecision(expected)}, but the chains would have it ${got.said}`;
  return { status: "differs", said, packet, expected, got };
}

function sayDecision({ verdict, flow, rule }: Decision): string {
  if (flow === null) return "no flow decides it";
  const name = verdict.director ?? verdict.table ?? "";
  return `flow ${flow}${rule === null ? "" : `, rule ${rule}`} says ${`${verdict.action} ${name}`.trim()}`;
}

/** A packet for which flows and chains differ; null when there is none. */
function compare(
  config: Config,
  chains: Chains,
  { direction, family }: Pick<Packet, "direction" | "family">,
  owners: MarkOwners,
  options: ProofOptions,
): Packet | null {
  const space = spaceOf(config, chains, { direction, family }, options);
  space.renew(options.mostEdges);
  const { diagram, world } = space;
  const chainSpace = new ChainSpace(space, chains);
  const flows = flowEffects(space, chainSpace.outcomes, owners, options);
  const packets = diagram.minus(space.boxNode([]), space.boxNode(impossibleBox(world)));
  for (const way of waysThrough(chains, BUILT_IN[direction], { packets, flows }, space, chainSpace)) {
    const differs = differenceOn(way, space, chainSpace);
    if (differs !== NONE) return packetOf(world, direction, likelyPoint(diagram.cell(differs), world));
  }
  if (direction === "in") owners.judgeInput(chains, family);
  return null;
}
