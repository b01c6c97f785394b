/**
 * Rules that can never hold. They are errors here and are never left to the kernel, where the two back ends give
 * opposite verdicts: nft matches every packet for `not dstport 0:65535`, legacy none.
 *
 * What a packet is (its family and protocol) decides which conditions may hold for it at all; beyond that each
 * condition looks at a field of its own. So a rule can hold if, and only if, for some family and protocol each of
 * its conditions leaves some value of its field. Few protocols make a difference: those that the rule names, those
 * with ports, the two ICMPs, and any other.
 */
import { type Address, printAddress } from "./address.ts";
import type { Values } from "./check-values.ts";
import type { Family } from "./family.ts";
import { icmpProtocol } from "./holds.ts";
import { PORT_MAX } from "./ports.ts";
import { hasPorts, ICMP, ICMP6, protocolName, protocolOccurs, SCTP, TCP, UDP } from "./protocols.ts";
import { CONDITION_KINDS, type ConditionKind } from "./schema.ts";

type Contradiction = {
  /** The first condition, in the order written, that cannot hold together with those before it. */
  kind: ConditionKind;
  why: string;
  help: string;
};

type PacketClass = { family: Family; proto: number };

/** Stands for every protocol that has neither a name nor ports here; two, since a rule may name one (RFC 3692). */
const OTHERS = [253, 254];

/** Is there a packet for which all conditions hold? `icmpFamily` is the family that `icmptype` speaks of. */
export function canHold(values: Values, icmpFamily: Family): boolean {
  return new Classes(values, icmpFamily).some(CONDITION_KINDS);
}

/** Why the conditions of a rule that cannot hold never do; `written` is their order in the text. */
export function contradiction(
  values: Values,
  icmpFamily: Family,
  written: readonly ConditionKind[],
): Contradiction {
  const rule = new Classes(values, icmpFamily);
  const length = written.findIndex((_, index) => !rule.some(written.slice(0, index + 1)));
  const kind = written[length] ?? "proto";
  if (!rule.some([kind])) return { kind, ...explainAlone(kind, values) };
  const partner = written.slice(0, length).find((before) => !rule.some([before, kind]));
  if (partner) return { kind, ...explainPair(partner, kind, values, icmpFamily) };
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
  readonly #protocols: number[];

  constructor(values: Values, icmpFamily: Family) {
    this.#values = values;
    this.#icmpFamily = icmpFamily;
    this.#protocols = [...(values.proto?.values ?? []), TCP, ICMP, ICMP6, UDP, SCTP, ...OTHERS];
  }

  /** Is there a packet, of these families, for which these conditions hold together? */
  some(kinds: readonly ConditionKind[], families: readonly Family[] = [4, 6]): boolean {
    return families.some((family) =>
      this.#protocols.some(
        (proto) =>
          protocolOccurs(proto, family) && kinds.every((kind) => this.#leaves(kind, { family, proto })),
      ),
    );
  }

  /** Does the condition leave a value of its field to packets of this class? A condition that is not set leaves all. */
  #leaves(kind: ConditionKind, { family, proto }: PacketClass): boolean {
    if (kind === "state") return true;
    if (kind === "src" || kind === "dst") {
      const condition = this.#values[kind];
      const mine = condition?.values.filter((address) => address.family === family);
      return !condition || !mine || (mine.length > 0 && !(condition.not && mine.some(isEveryAddress)));
    }
    if (kind === "srcport" || kind === "dstport") {
      const condition = this.#values[kind];
      if (!condition) return true;
      const every = condition.values.some(({ low, high }) => low === 0 && high === PORT_MAX);
      return this.#hasPorts(proto) && !(condition.not && every);
    }
    if (kind === "icmptype") {
      const condition = this.#values.icmptype;
      if (!condition) return true;
      const every = condition.values.some((type) => "any" in type);
      return family === this.#icmpFamily && proto === icmpProtocol(family) && !(condition.not && every);
    }
    if (kind === "iface") return !(this.#values.iface?.not && this.#values.iface.values.includes("+"));
    const named = this.#values.proto;
    return !named || named.values.includes(proto) !== named.not;
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

function isEveryAddress({ prefix }: Address): boolean {
  return prefix === 0;
}

type Explanation = { why: string; help: string };

function explainAlone(kind: ConditionKind, values: Values): Explanation {
  if (kind === "src" || kind === "dst") {
    const every = values[kind]?.values[0];
    const [family, other, rest] = every?.family === 6 ? [6, 4, "0.0.0.0/0"] : [4, 6, "::/0"];
    const why = `${every ? printAddress(every) : "it"} is every IPv${family} address, and not leaves none`;
    return {
      why,
      help: `leave ${kind} out; for IPv${other} packets write ${kind} ${rest}`,
    };
  }
  if (kind === "iface")
    return {
      why: "+ is every interface, and not leaves none",
      help: "name the interfaces meant",
    };
  if (kind === "icmptype")
    return {
      why: "any is every ICMP type, and not leaves none",
      help: "name the types meant",
    };
  const why = `0:${PORT_MAX} is every port, and not leaves none`;
  return {
    why,
    help: `leave ${kind} out; for packets without ports name their proto`,
  };
}

function explainPair(a: ConditionKind, b: ConditionKind, values: Values, icmpFamily: Family): Explanation {
  const address = [a, b].find((kind) => kind === "src" || kind === "dst");
  const port = [a, b].find((kind) => kind === "srcport" || kind === "dstport");
  const families = {
    src: values.src?.values[0]?.family,
    dst: values.dst?.values[0]?.family,
  };
  if ([a, b].includes("proto")) return explainProtocol(values.proto, address, port);
  if (port)
    return {
      why: "ICMP packets have no ports",
      help: `leave out ${a} or ${b}`,
    };
  if ([a, b].includes("icmptype")) {
    const [other, proto] = icmpFamily === 4 ? [6, "icmp6"] : [4, "icmp"];
    const why = `its icmptype is IPv${icmpFamily}'s and ${address} is IPv${other}`;
    return { why, help: `for IPv${other} write proto ${proto}` };
  }
  const why = `src is IPv${families.src} and dst is IPv${families.dst}`;
  return {
    why,
    help: "give both addresses one family, and the other family a rule of its own",
  };
}

/** `proto` and an address, ports, or an ICMP type. */
function explainProtocol(
  proto: Values["proto"],
  address: ConditionKind | undefined,
  port: ConditionKind | undefined,
): Explanation {
  const number = proto?.values[0] ?? 0;
  const name = protocolName(number);
  const named = proto?.not ? `not proto ${name}` : name;
  if (port) {
    const why = proto?.not ? `${named} leaves no protocol with ports` : `${name} packets have no ports`;
    return { why, help: `leave ${port} out, or write proto tcp, udp or sctp` };
  }
  if (!address) {
    const why = proto?.not
      ? `${named} leaves no packet with an ICMP type`
      : `${name} packets have no ICMP type`;
    return {
      why,
      help: "leave icmptype out, or write proto icmp (for IPv6 icmp6)",
    };
  }
  if (number === ICMP)
    return {
      why: `icmp is IPv4's and ${address} is IPv6`,
      help: "write proto icmp6",
    };
  if (number === ICMP6)
    return {
      why: `icmp6 is IPv6's and ${address} is IPv4`,
      help: "write proto icmp",
    };
  const why = `in IPv6 the protocol is the one behind the extension headers, which ${name} never is`;
  return { why, help: `give ${address} an IPv4 address, or leave proto out` };
}
