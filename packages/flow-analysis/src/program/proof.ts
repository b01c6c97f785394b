/**
 * The compiler judged: the chains that would go into the kernel, read back as text, do to every packet what the flows
 * say. Both are turned into diagrams over the same space, where equal means the same node; where they are not equal
 * there is a packet that shows it, walked through both once more.
 */
import { type Config, type Family, type Packet, printPacket } from "@flowmgr/flow-model";
import type { AnalysisOptions } from "../options.ts";
import { TooLarge } from "../space/node-store.ts";
import { decide } from "../trace.ts";
import type { Decision } from "../walk.ts";
import type { Chains } from "./chains.ts";
import { differingPacket } from "./comparison.ts";
import { isProvenAfter, type Proven } from "./edited.ts";
import { type Got, gotOf } from "./got.ts";
import { MarkOwners, type OwnedMarks } from "./mark-owners.ts";
import { readSetsText } from "./restore-sets.ts";
import { type Piece, readRestoreText } from "./restore-text.ts";
import { BUILT_IN, requireEnd } from "./text-world.ts";
import { UnreadableProgram } from "./unreadable.ts";

/** What would go into the kernel for one family. */
export type ProgramText = {
  family: Family;
  /** Input of `iptables-restore`, whole, or in pieces: what stands in those that were there before is not read again. */
  text: string | readonly Piece[];
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
export const proveProgram = (config: Config, program: ProgramText, options: ProofOptions = {}): Proof =>
  new Proofs().prove(config, program, options);

/**
 * Proofs of one program after the other. What was proven last is kept, one for each family: of the next one only what
 * may have become different is looked at. Where that is not enough to say "equal", everything is.
 */
export class Proofs {
  readonly #proven = new Map<Family, Proven>();

  /** As `proveProgram`, and the same. */
  prove(config: Config, program: ProgramText, options: ProofOptions = {}): Proof {
    const { family } = program;
    const before = this.#proven.get(family);
    try {
      const { sets: written = "" } = program;
      const sets =
        before?.sets.written === written ? before.sets : { written, known: readSetsText(written, family) };
      const chains = readRestoreText(
        program.text,
        family,
        sets.known,
        before && { ...before, sets: before.sets.known },
      );
      const owners = new MarkOwners(program.marks, program.markMask);
      const asked: Proven = { config, chains, sets, owners, meaning: meaningKey(options) };
      if (!before || !isProvenAfter(before, asked, family, options)) {
        const differs = proveWhole(asked, family, options);
        if (differs) return differs;
      }
      this.#proven.set(family, asked);
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
}

const meaningKey = ({ loopback, neighbours, tables }: ProofOptions): string =>
  JSON.stringify([loopback, neighbours, [...(tables ?? [])]]);

/** Null when it is equal. Throws TooLarge, UnreadableProgram. */
function proveWhole({ config, chains, owners }: Proven, family: Family, options: ProofOptions): Proof | null {
  for (const direction of ["in", "out"] as const) {
    requireEnd(chains, [BUILT_IN[direction]]);
    const packet = differingPacket(config, chains, { direction, family }, owners, options);
    if (packet) return differing(config, chains, packet, owners, options);
  }
  owners.judgeInput(chains, family);
  return null;
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
