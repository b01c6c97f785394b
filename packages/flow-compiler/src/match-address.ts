/**
 * An address condition as iptables' match words.
 *
 * One network has an option of its own, negated too. Several become one iptables rule each; several negated ones
 * are ranges in one rule, because iptables refuses a negated list. Many are a set.
 */
import {
  type Address,
  type AddressRange,
  addressSet,
  BITS,
  type Condition,
  type Family,
  isEvery,
  MOST_REPEATED,
  networkOf,
  parseAddress,
  printAddress,
  printBits,
} from "@flowmgr/flow-model";
import type { NetworkSet } from "./program.ts";
import { coverOf, setOfNetworks } from "./sets.ts";
import { bang, join, readValue } from "./words.ts";

/** What one iptables rule asks of an address: `words` stand in front (`-s 10.0.0.0/8`), `ranges` with the modules. */
export type AddressMatch = { words: string; ranges: string };

type Option = "-s" | "-d";

/** Of a rule without the condition. */
const EVERY: readonly AddressMatch[] = [{ words: "", ranges: "" }];

/** The alternatives of a condition, of which a packet meets one at most; none where it can't hold in the family. */
export function addressMatches(
  option: Option,
  condition: Condition | undefined,
  family: Family,
): readonly AddressMatch[] {
  if (!condition) return EVERY;
  const networks = networksOf(condition, family);
  const plain = (network: Address) => ({ words: addressMatch(option, network), ranges: "" });
  if (!condition.not) return networks.map(plain);
  const [only] = networks;
  if (only === undefined || only.prefix === 0) return [];
  if (networks.length === 1) return [{ words: bang(true) + addressMatch(option, only), ranges: "" }];
  return outside(option, addressSet(condition.values)[family], family);
}

/** A match that asks for addresses of a set, and the set. */
export type SetMatch = { match: AddressMatch; set: NetworkSet };

/** Asks for the addresses of these networks, none of which contains another, or (`not`) for all others. */
export function setMatch(
  option: Option,
  networks: readonly Address[],
  family: Family,
  not = false,
): SetMatch {
  const set = setOfNetworks(networks, family);
  const cover = not ? null : coverOf(networks, family);
  // Where all have a beginning in common, most packets are told by that, forty times faster.
  const words = cover ? addressMatch(option, cover) : "";
  const ranges = `-m set ${bang(not)}--match-set ${set.name} ${option === "-s" ? "src" : "dst"}`;
  return { match: { words, ranges }, set };
}

/** The networks of one family in a condition's list, as written, without those that another one contains. */
export function networksOf({ values }: Condition, family: Family): readonly Address[] {
  const [only] = values;
  // Most lists hold one address, which is read faster than a set is made.
  if (only !== undefined && values.length === 1) {
    const address = readValue(parseAddress(only));
    return address.family === family ? [address] : [];
  }
  const set = addressSet(values);
  // One that does not parse is told by name.
  if (set.size < values.length) for (const text of values) readValue(parseAddress(text));
  return set.networks[family];
}

/**
 * Everything outside the ranges. What does not fit into one iptables rule is cut into stretches of the address
 * space, one rule each.
 */
function outside(option: Option, ranges: readonly AddressRange[], family: Family): AddressMatch[] {
  const last = (1n << BigInt(BITS[family])) - 1n;
  if (isEvery(ranges, family)) return [];
  const matches: AddressMatch[] = [];
  let low = 0n;
  for (let at = 0; at < ranges.length; at += MOST_REPEATED) {
    const group = ranges.slice(at, at + MOST_REPEATED);
    const isLast = at + MOST_REPEATED >= ranges.length;
    const high = isLast ? last : (group.at(-1)?.high ?? last);
    const stretch = at === 0 && isLast ? "" : rangeWords(option, { low, high }, family, false);
    const excluded = group.map((range) => rangeWords(option, range, family, true));
    matches.push({ words: "", ranges: join(stretch, ...excluded) });
    low = high + 1n;
  }
  return matches;
}

function rangeWords(option: Option, { low, high }: AddressRange, family: Family, not: boolean): string {
  const name = option === "-s" ? "--src-range" : "--dst-range";
  return `-m iprange ${bang(not)}${name} ${printBits(family, low)}-${printBits(family, high)}`;
}

/** `-d 10.0.0.0/8`: without host bits and with a prefix, as the kernel shows it; "" for every address. */
export function addressMatch(option: Option, address: Address): string {
  if (address.prefix === 0) return "";
  const printed = printAddress(networkOf(address));
  return `${option} ${printed.includes("/") ? printed : `${printed}/${address.prefix}`}`;
}
