/** The addresses of a list as sorted ranges: lists hold tens of thousands of networks, and many rules name one list. */
import { type Address, parseAddress, rangeOf } from "./address.ts";
import { BITS } from "./address-bits.ts";
import type { Family } from "./family.ts";
import { parseEach } from "./value.ts";

export type AddressRange = { low: bigint; high: bigint };

/** Of each family ranges in order, disjoint, and with a gap between each two. */
export type AddressSet = Readonly<Record<Family, readonly AddressRange[]>> & {
  /** The networks that say the same: those of the list that no other one contains, in the order of the list. */
  networks: Readonly<Record<Family, readonly Address[]>>;
  /** How many addresses it was made of. */
  size: number;
};

/** Keyed by the values themselves: an expanded list is shared by the conditions that name it. */
const known = new WeakMap<readonly string[], AddressSet>();

/** The addresses that a list of values names; what does not parse adds none. */
export function addressSet(values: readonly string[]): AddressSet {
  let set = known.get(values);
  if (!set) {
    set = setOf(parseEach(values, parseAddress));
    // One address is parsed as fast as it is found.
    if (values.length > 1) known.set(values, set);
  }
  return set;
}

/** The set of addresses that have been read. */
export function setOf(addresses: readonly Address[]): AddressSet {
  const [ipv4, ipv6] = [ofFamily(addresses, 4), ofFamily(addresses, 6)];
  return {
    4: ipv4.ranges,
    6: ipv6.ranges,
    networks: { 4: ipv4.networks, 6: ipv6.networks },
    size: addresses.length,
  };
}

type OfFamily = { ranges: readonly AddressRange[]; networks: readonly Address[] };

const NONE: OfFamily = { ranges: [], networks: [] };

function ofFamily(addresses: readonly Address[], family: Family): OfFamily {
  const [first] = addresses;
  // Most lists hold one address.
  if (addresses.length === 1 && first) {
    return first.family === family ? { ranges: [rangeOf(first)], networks: addresses } : NONE;
  }
  const networks = addresses.filter((one) => one.family === family);
  const ranges: AddressRange[] = [];
  const kept = new Set<Address>();
  for (const [range, network] of inOrder(networks)) {
    const last = ranges.at(-1);
    // Networks contain each other or have nothing in common.
    if (last && range.high <= last.high) continue;
    kept.add(network);
    if (last && range.low === last.high + 1n) last.high = range.high;
    else ranges.push(range);
  }
  const isWhole = kept.size === networks.length;
  return { ranges, networks: isWhole ? networks : networks.filter((one) => kept.has(one)) };
}

/** By first address; of those with the same, the widest first, and of equal ones the first. */
function inOrder(networks: readonly Address[]): [AddressRange, Address][] {
  return networks
    .map((network): [AddressRange, Address] => [rangeOf(network), network])
    .sort(([a], [b]) => {
      if (a.low !== b.low) return a.low < b.low ? -1 : 1;
      return a.high === b.high ? 0 : a.high > b.high ? -1 : 1;
    });
}

/** Is the address in one of the ranges? */
export function isInside(ranges: readonly AddressRange[], address: bigint): boolean {
  let [first, behind] = [0, ranges.length];
  while (first < behind) {
    const middle = (first + behind) >>> 1;
    const range = ranges[middle];
    if (!range || address < range.low) behind = middle;
    else if (address > range.high) first = middle + 1;
    else return true;
  }
  return false;
}

/** Do the ranges hold every address of the family? */
export function isEvery(ranges: readonly AddressRange[], family: Family): boolean {
  const [only] = ranges;
  return only?.low === 0n && only.high === (1n << BigInt(BITS[family])) - 1n;
}
