/**
 * Rules for packets that the language spares. A line of iptables takes this machine's own packets and neighbour
 * discovery like any other; a rule of the language only where it names `lo`, or icmp6.
 */
import type { Family } from "../family.ts";
import { familiesOf, namesIcmp6, namesLoopback } from "../holds.ts";
import type { Conditions } from "../schema.ts";
import { conjunction } from "./conjunction.ts";
import type { MadeRule } from "./iptables-chains.ts";

/** Do both take packets that are spared, or neither? */
export function spareAlike(a: Conditions, b: Conditions): boolean {
  return namesLoopback(a) === namesLoopback(b) && namesIcmp6(a) === namesIcmp6(b);
}

/**
 * The rules, and behind each `ignore` what makes spared packets leave the flow as well, where a later `match` would
 * take them. (A `match` is left as it is: that the language spares them is what it is for.)
 */
export function withSpared(rules: readonly MadeRule[], family: Family): MadeRule[] {
  const turned: MadeRule[] = [];
  const later: Later = { loopback: false, icmp6: false, both: false };
  for (const rule of rules.toReversed()) {
    if (rule.verb === "match") {
      const [loopback, icmp6] = [namesLoopback(rule.conditions), namesIcmp6(rule.conditions)];
      later.loopback ||= loopback;
      later.icmp6 ||= icmp6;
      later.both ||= loopback && icmp6;
    } else {
      const more = sparedBy(rule.conditions, later, family);
      turned.push(...more.map((conditions) => ({ ...rule, conditions, note: "" })));
    }
    turned.push(rule);
  }
  return turned.reverse();
}

/** What the matches behind a rule name. */
type Later = { loopback: boolean; icmp6: boolean; both: boolean };

const LOOPBACK: Conditions = { iface: { not: false, values: ["lo"] } };

/** ICMPv6 types of neighbour discovery and of multicast listeners, see `isNeighbourDiscovery`. */
const NEIGHBOURS: Conditions = {
  proto: { not: false, values: ["icmp6"] },
  icmptype: { not: false, values: ["130", "131", "132", "133", "134", "135", "136", "137", "143"] },
};

/** What an `ignore` would ask if it named what spared packets have to be named by. */
function sparedBy(conditions: Conditions, later: Later, family: Family): Conditions[] {
  const [loopback, icmp6] = [!namesLoopback(conditions), !namesIcmp6(conditions)];
  // Neighbour discovery has no ports, and a type without icmp6 is IPv4's.
  const { srcport, dstport, icmptype } = conditions;
  const neighbours = icmp6 && family === 6 && !srcport && !dstport && !icmptype;
  return [
    ...(loopback && later.loopback ? [LOOPBACK] : []),
    ...(neighbours && later.icmp6 ? [NEIGHBOURS] : []),
    ...(loopback && neighbours && later.both ? [{ ...LOOPBACK, ...NEIGHBOURS }] : []),
  ].flatMap((spared) => {
    const joined = conjunction(conditions, spared, family);
    const can = typeof joined === "object" && familiesOf({ conditions: joined.ok }).includes(family);
    return can ? [joined.ok] : [];
  });
}
