/**
 * The names and numbers that are ours. A restarted process knows its own objects by them, and so does the next
 * release: whoever changes one leaves the objects of older releases behind as somebody else's.
 */

/** The comment of every jump of ours in a built-in chain, and of the rule in the chain that nothing jumps to. */
export const HOOK_COMMENT = "flowmgr";

/**
 * Before the name of a batch, it is the comment of the rule that ends a flow's chain before its end: no packet meets
 * what stands behind it, which is there until what it has counted is read.
 */
export const RETIRED_COMMENT = "flowmgr-retired-";

/** The chains that are not named after a flow. The class chains (`FLOWS-lo`) begin with one of these and `-`. */
export const OWN_CHAINS = {
  flows: "FLOWS",
  outflows: "OUTFLOWS",
  directors: "DIRECTORS",
  defragment: "DEFRAGMENT",
} as const;

/** What the names of our sets begin with, before the family and a hash of what they hold: `flowmgr-4-0123456789abcdef`. */
export const SET_PREFIX = "flowmgr-";

/**
 * Protocol number of our `ip rule`s: how they are known after a restart. Numbers above RTPROT_STATIC (4) are free
 * for programs; rt_protos of iproute2 6.1 names 8 to 18, 42, 99 and 186 to 192. 70 is `F`.
 */
export const OUR_PROTOCOL = 70;

/** Behind `local` (0), so that this machine's addresses stay its own, and before `main` (32766). */
export const OUR_PRIORITY = 20_000;

/** Routing tables of directors: 0x666c (`fl`) and the index of the mark, which has at most 16 bits. */
export const OUR_TABLES = { first: 0x666c_0000, last: 0x666c_ffff } as const;
