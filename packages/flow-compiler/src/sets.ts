/**
 * Sets of networks (ipset), for lists of which every packet would otherwise be asked network by network.
 *
 * A set stands outside of the transaction in which rules change, and rules refer to it by its name. So a name stands for
 * one content for ever: a list that changes is another set, made before the rules that ask for it, and nothing that a
 * packet meets ever changes under it.
 */
import {
  type Address,
  addressSet,
  BITS,
  type Config,
  expandLists,
  type Family,
  networkOf,
  printAddress,
} from "@flowmgr/flow-model";
import { fnv1a } from "./hash.ts";
import { SET_PREFIX } from "./ours.ts";
import type { FamilyName, NetworkSet } from "./program.ts";

/** The name of the set of a family that holds these networks, sorted. */
function setName(family: FamilyName, networks: readonly string[]): string {
  return `${SET_PREFIX}${family === "ip" ? 4 : 6}-${fnv1a(networks.join("\n"))}`;
}

/** Keyed by the networks themselves: many rules name one list, and each edit compiles them all. */
const known = new WeakMap<readonly Address[], NetworkSet>();

/** The set of these networks, none of which contains another. */
export function setOfNetworks(networks: readonly Address[], family: Family): NetworkSet {
  let set = known.get(networks);
  if (!set) {
    const texts = networks.map((network) => printAddress(networkOf(network))).sort();
    const name = family === 4 ? "ip" : "ip6";
    set = { name: setName(name, texts), family: name, networks: texts };
    known.set(networks, set);
  }
  return set;
}

/** The lists of a config by the name of the set of either family that a condition on one of them alone becomes. */
export function listsBySet(config: Config): Map<string, string[]> {
  const lists = new Map<string, string[]>();
  for (const item of expandLists(config).items) {
    if (item.kind !== "list" || item.values.length <= 1) continue;
    const { networks } = addressSet(item.values);
    for (const family of [4, 6] as const) {
      if (networks[family].length === 0) continue;
      const { name } = setOfNetworks(networks[family], family);
      lists.set(name, [...(lists.get(name) ?? []), item.name]);
    }
  }
  return lists;
}

/** The smallest network that holds them all; null where that is every address. */
export function coverOf(networks: readonly Address[], family: Family): Address | null {
  const [first] = networks;
  if (first === undefined) return null;
  let differing = 0n;
  let prefix = first.prefix;
  for (const one of networks) {
    differing |= one.bits ^ first.bits;
    prefix = Math.min(prefix, one.prefix);
  }
  const alike = BITS[family] - (differing === 0n ? 0 : differing.toString(2).length);
  const length = Math.min(alike, prefix);
  return length === 0 ? null : networkOf({ ...first, prefix: length });
}

/** One line for people, who list what it holds by `ipset list NAME`: it may be 100 000 networks. */
export function describeSet({ name, networks }: NetworkSet): string {
  return `${name}: ${networks.length} ${networks.length === 1 ? "network" : "networks"}`;
}

/** Buckets of a table hold up to twelve; a table that begins too small is copied each time that it grows. */
const BUCKET = 2;

/** The least that ipset takes. */
const SMALLEST = 64;

/** What `ipset restore` is told to make a set under a name; more than its networks do not fit into it. */
export function renderSet({ family, networks }: NetworkSet, name: string): string {
  const hashSize = 2 ** Math.ceil(Math.log2(Math.max(SMALLEST, networks.length / BUCKET)));
  const inet = family === "ip" ? "inet" : "inet6";
  const head = `create ${name} hash:net family ${inet} hashsize ${hashSize} maxelem ${Math.max(1, networks.length)}\n`;
  return head + networks.map((network) => `add ${name} ${network}\n`).join("");
}
