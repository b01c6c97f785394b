/** What the chains of a restore text do to one packet, in the words of verdicts. */
import type { Packet } from "@flowmgr/flow-model";
import type { Verdict } from "../walk.ts";
import type { Chains } from "./chains.ts";
import { hex, type MarkOwners } from "./mark-owners.ts";
import { passageOf } from "./passage.ts";
import { BUILT_IN } from "./text-world.ts";

export type Got = {
  /** null: none that a policy could give. */
  verdict: Verdict | null;
  /** "dropped", "accepted with mark 0x300 (director web)". */
  said: string;
  /** The rules of the text that it met and that did something to it, in order. */
  way: string[];
};

/** The packet comes with all bits of its mark set that are others'. */
export function gotOf(chains: Chains, packet: Packet, owners: MarkOwners): Got {
  const { end, mark, way } = passageOf(chains, BUILT_IN[packet.direction], packet, owners.foreign);
  if (end === "drop") return { verdict: { action: "deny" }, said: "dropped", way };
  const untouched = mark === owners.foreign;
  const ours = (mark & ~owners.foreign) >>> 0;
  const lost = (mark & owners.foreign) >>> 0 !== owners.foreign;
  const withMark = `with mark ${hex(ours)}${lost ? ", without the bits of others" : ""}`;
  if (end === "undecided") {
    return untouched
      ? { verdict: { action: "undecided" }, said: "untouched", way }
      : { verdict: null, said: `undecided ${withMark}`, way };
  }
  const verdict = owners.ownerOf(mark);
  if (untouched) return { verdict, said: "accepted", way };
  const name = verdict ? ` (${verdict.action} ${verdict.director ?? verdict.table})` : "";
  return { verdict, said: `accepted ${withMark}${name}`, way };
}
