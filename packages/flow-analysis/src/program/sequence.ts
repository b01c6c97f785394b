/**
 * Are the effects that packets meet on a way those of the flows? Where both have the same effects in the same order
 * there is nothing to work out. A packet that no other effect is for meets the same on both sides, so only the packets
 * of the others are looked at, as between two configs.
 */
import type { Space } from "../space/decisions.ts";
import { NONE, type Node } from "../space/node-store.ts";
import { commonSubsequence } from "../subsequence.ts";
import type { ChainSpace, Effect } from "./chain-space.ts";
import type { Way } from "./ways.ts";

/** The packets of a way for which chains and flows differ. Throws TooLarge. */
export function differenceOn({ packets, effects, flows }: Way, space: Space, chainSpace: ChainSpace): Node {
  const { diagram } = space;
  const within = (some: readonly Effect[], set: Node): Effect[] =>
    some
      .map(({ node, open }) => ({ node: diagram.restrict(node, set), open }))
      .filter(({ node }) => node !== NONE);
  const all = flows.map(({ node }) => ({ node, open: false }));
  const [got, wanted] = [within(effects, packets), within(all, packets)];
  let seen: Node = NONE;
  for (const { node } of others(got, wanted)) {
    const set = diagram.minus(node, seen);
    if (set === NONE) continue;
    const here = diagram.pair(
      chainSpace.inOrder(within(got, set)),
      chainSpace.inOrder(within(wanted, set)),
      (a, b) => (a === b ? 0 : 1),
    );
    if (here !== NONE) return here;
    seen = diagram.override(seen, set);
  }
  return NONE;
}

/** Those that are not on both sides in one order. */
function others(got: readonly Effect[], wanted: readonly Effect[]): Effect[] {
  const isSame = got.length === wanted.length && got.every(({ node }, at) => node === wanted[at]?.node);
  if (isSame) return [];
  const { inLeft, inRight } = commonSubsequence(
    got.map(({ node }) => node),
    wanted.map(({ node }) => node),
  );
  return [...got.filter((_, at) => !inLeft.has(at)), ...wanted.filter((_, at) => !inRight.has(at))];
}
