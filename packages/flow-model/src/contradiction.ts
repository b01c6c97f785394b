/**
 * Rules that can never hold. They are errors here and are never left to the kernel, where the two back ends give
 * opposite verdicts: nft matches every packet for `not dstport 0:65535`, legacy none.
 *
 * What a packet is (its family and protocol) decides which conditions may hold for it at all; beyond that each
 * condition looks at a field of its own. So a rule can hold if, and only if, for some family and protocol each of
 * its conditions leaves some value of its field. Few protocols make a difference: those that the rule names, those
 * with ports, the two ICMPs, and any other.
 */
import { isEvery } from "./address-set.ts";
import type { Values } from "./check-values.ts";
import type { Family } from "./family.ts";
import { icmpProtocol } from "./holds.ts";
import type { IcmpType } from "./icmp.ts";
import { otherPorts } from "./ports.ts";
import { printValues } from "./printer.ts";
import { hasPorts, ICMP, ICMP6, protocolName, protocolOccurs, SCTP, TCP, UDP } from "./protocols.ts";
import { CONDITION_KINDS, type ConditionKind, type Conditions } from "./schema.ts";
import { STATES } from "./states.ts";

type Contradiction = {
  /** The first condition, in the order written, that cannot hold together with those before it. */
  kind: ConditionKind;
  why: string;
  help: string;
};

type PacketClass = { family: Family; proto: number };

const FAMILIES: readonly Family[] = [4, 6];

/** Highest protocol number: it is one byte of the packet. */
const PROTOCOL_MAX = 255;

/** Is there a packet for which all conditions hold? `icmpFamily` is the family that `icmptype` speaks of. */
export function canHold(values: Values, icmpFamily: Family): boolean {
  return new Classes(values, icmpFamily).some(CONDITION_KINDS);
}

/** Why a rule that cannot hold never does: its conditions as written, and their order in the text. */
export function contradiction(
  conditions: Conditions,
  values: Values,
  icmpFamily: Family,
  written: readonly ConditionKind[],
): Contradiction {
  const rule = new Classes(values, icmpFamily);
  const length = written.findIndex((_, index) => !rule.some(written.slice(0, index + 1)));
  const kind = written[length] ?? "proto";
  if (!rule.some([kind])) return { kind, ...explainAlone(kind, conditions, values) };
  const partner = written.slice(0, length).find((before) => !rule.some([before, kind]));
  const explained = partner && explainPair(partner, kind, values, icmpFamily);
  if (explained) return { kind, ...explained };
  return {
    kind,
    why: "no packet meets all of its conditions",
    help: `leave ${kind} out, or change what is before it`,
  };
}

/** Could a rule hold for packets of this family, were it not for its negated addresses? */
export function wouldTake(values: Values, icmpFamily: Family, family: Family): boolean {
  const others = CONDITION_KINDS.filter((kind) => !((kind === "src" || kind === "dst") && values[kind]?.not));
  return new Classes(values, icmpFamily).some(others, [family]);
}

/** The families and protocols of packets, sorted by what a rule's conditions can say of them. */
class Classes {
  readonly #values: Values;
  readonly #icmpFamily: Family;
  readonly #protocols: readonly number[];

  constructor(values: Values, icmpFamily: Family) {
    this.#values = values;
    this.#icmpFamily = icmpFamily;
    const named = values.proto?.values ?? [];
    this.#protocols = named.length === 0 ? USUAL : [...named, ...USUAL, ...others(named)];
  }

  /** Is there a packet, of these families, for which these conditions hold together? */
  some(kinds: readonly ConditionKind[], families: readonly Family[] = FAMILIES): boolean {
    return families.some((family) =>
      this.#protocols.some(
        (proto) =>
          protocolOccurs(proto, family) && kinds.every((kind) => this.#leaves(kind, { family, proto })),
      ),
    );
  }

  /** Does the condition leave a value of its field to packets of this class? A condition that is not set leaves all. */
  #leaves(kind: ConditionKind, { family, proto }: PacketClass): boolean {
    const { iface, proto: named, icmptype, state } = this.#values;
    if (kind === "src" || kind === "dst") return leavesAddress(this.#values[kind], family);
    if (kind === "iface") return !(iface?.not && iface.values.includes("+"));
    if (kind === "proto") return !named || named.values.includes(proto) !== named.not;
    if (kind === "icmptype") {
      if (!icmptype) return true;
      const mine = family === this.#icmpFamily && proto === icmpProtocol(family);
      return mine && !(icmptype.not && isEveryType(icmptype.values));
    }
    if (kind === "state") return !(state?.not && STATES.every((one) => state.values.includes(one)));
    const condition = this.#values[kind];
    return (
      !condition || (this.#hasPorts(proto) && !(condition.not && otherPorts(condition.ports).length === 0))
    );
  }

  /** sctp counts where a `proto`, not negated, names it. */
  #hasPorts(proto: number): boolean {
    const named = this.#values.proto;
    return (
      hasPorts(proto) &&
      (proto !== SCTP || (named !== undefined && !named.not && named.values.includes(SCTP)))
    );
  }
}

/** The protocols that conditions can tell apart without naming them; the last stands for all others. */
const USUAL: readonly number[] = [TCP, ICMP, ICMP6, UDP, SCTP, PROTOCOL_MAX];

/** Stand for every protocol without a name and ports here: for each family one that the rule does not name. */
function others(named: readonly number[]): number[] {
  return FAMILIES.flatMap((family) => {
    for (let number = PROTOCOL_MAX; number > 0; number -= 1) {
      const usual = number === ICMP || number === ICMP6 || hasPorts(number);
      if (!usual && protocolOccurs(number, family) && !named.includes(number)) return [number];
    }
    return [];
  });
}

function leavesAddress(condition: Values["src"], family: Family): boolean {
  if (!condition) return true;
  const mine = condition.set[family];
  return mine.length > 0 && !(condition.not && isEvery(mine, family));
}

/** Types go from 0 to 255, whatever can be written of them: IPv4's 255 only `any` takes. */
function isEveryType(types: readonly IcmpType[]): boolean {
  if (types.some((type) => "any" in type)) return true;
  // No list of fewer entries can do it.
  if (types.length <= TYPE_MAX) return false;
  const codes = new Map<number, Set<number | null>>();
  for (const type of types) {
    if ("any" in type) continue;
    const seen = codes.get(type.type) ?? new Set();
    codes.set(type.type, seen.add(type.code));
  }
  return [...Array(TYPE_MAX + 1).keys()].every((type) => {
    const seen = codes.get(type);
    return seen !== undefined && (seen.has(null) || seen.size > TYPE_MAX);
  });
}

/** Highest ICMP type, and code: one byte each. */
const TYPE_MAX = 255;

type Explanation = { why: string; help: string };

/** Why a condition holds for no packet, whatever stands beside it: it is negated, and its list takes all there is. */
function explainAlone(kind: ConditionKind, conditions: Conditions, values: Values): Explanation {
  const all = printValues(kind, conditions[kind]?.values ?? []);
  if (kind === "src" || kind === "dst") {
    const [family, another] = familiesIn(values[kind]);
    if (another) return { why: `${all} is every address, and not leaves none`, help: `leave ${kind} out` };
    const [other, rest] = family === 6 ? [4, "0.0.0.0/0"] : [6, "::/0"];
    const why = `${all} is every IPv${family} address, and not leaves none`;
    return { why, help: `leave ${kind} out; for IPv${other} packets write ${kind} ${rest}` };
  }
  if (kind === "iface")
    return { why: "+ is every interface, and not leaves none", help: "name the interfaces meant" };
  if (kind === "icmptype")
    return { why: `${all} is every ICMP type, and not leaves none`, help: "name the types meant" };
  if (kind === "state") return { why: `${all} is every state, and not leaves none`, help: "leave state out" };
  if (kind === "proto")
    return { why: `${all} is every protocol, and not leaves none`, help: "leave proto out" };
  const single = values[kind]?.ports[0];
  const named = conditions[kind]?.values.length === 1 && single ? `${single.low}:${single.high}` : all;
  const why = `${named} is every port, and not leaves none`;
  return { why, help: `leave ${kind} out; for packets without ports name their proto` };
}

const familiesIn = (condition: Values["src"]): Family[] =>
  FAMILIES.filter((family) => condition && condition.set[family].length > 0);

/** The one family for which an address condition can hold; null where both or none are left. */
function onlyFamily(condition: Values["src"]): Family | null {
  const [family, another] = FAMILIES.filter((one) => leavesAddress(condition, one));
  return family !== undefined && another === undefined ? family : null;
}

function explainPair(
  a: ConditionKind,
  b: ConditionKind,
  values: Values,
  icmpFamily: Family,
): Explanation | null {
  const pair = [a, b];
  const address = pair.find((kind) => kind === "src" || kind === "dst");
  const port = pair.find((kind) => kind === "srcport" || kind === "dstport");
  if (pair.includes("proto")) return explainProtocol(values, address, port);
  if (port) return { why: "ICMP packets have no ports", help: `leave out ${a} or ${b}` };
  if (pair.includes("icmptype")) {
    const [other, proto] = icmpFamily === 4 ? [6, "icmp6"] : [4, "icmp"];
    const why = `its icmptype is IPv${icmpFamily}'s and ${address} is IPv${other}`;
    return { why, help: `for IPv${other} write proto ${proto}` };
  }
  const why = `src is IPv${onlyFamily(values.src)} and dst is IPv${onlyFamily(values.dst)}`;
  return { why, help: "give both addresses one family, and write the other family apart" };
}

/** `proto` and an address, ports, or an ICMP type. */
function explainProtocol(
  { proto }: Values,
  address: ConditionKind | undefined,
  port: ConditionKind | undefined,
): Explanation | null {
  const numbers = [...new Set(proto?.values)];
  const names = printValues("proto", numbers.map(protocolName));
  const named = proto?.not ? `not proto ${names}` : names;
  if (port) {
    const why = proto?.not ? `${named} leaves no protocol with ports` : `${named} packets have no ports`;
    return { why, help: `leave ${port} out, or write proto tcp, udp or sctp` };
  }
  if (!address) {
    const why = `${named} ${proto?.not ? "leaves no packet with an ICMP type" : "packets have no ICMP type"}`;
    return { why, help: "leave icmptype out, or write proto icmp (for IPv6 icmp6)" };
  }
  if (proto?.not) return null;
  const [only, another] = numbers;
  if (another !== undefined) {
    const help = `give ${address} an IPv4 address, or name another protocol`;
    return { why: `none of ${names} occurs in IPv6`, help };
  }
  if (only === ICMP) return { why: `icmp is IPv4's and ${address} is IPv6`, help: "write proto icmp6" };
  if (only === ICMP6) return { why: `icmp6 is IPv6's and ${address} is IPv4`, help: "write proto icmp" };
  const why = `in IPv6 the protocol is the one behind the extension headers, which ${names} never is`;
  return { why, help: `give ${address} an IPv4 address, or leave proto out` };
}
