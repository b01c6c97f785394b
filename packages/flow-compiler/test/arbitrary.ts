/**
 * Random configs and packets that meet each other: both draw from small pools of values that touch, contain and
 * miss one another at their ends, so that most packets stand near the border of some rule.
 */
import {
  type Action,
  type Condition,
  type Config,
  check,
  type Family,
  type Flow,
  hasPorts,
  icmpProtocol,
  type List,
  type Packet,
  parseAddress,
  parseProtocol,
  type Rule,
} from "@flowmgr/flow-model";
import fc from "fast-check";
import type { CompileOptions } from "../src/index.ts";
import { readValue } from "../src/words.ts";
import { DEFAULTS } from "./golden.ts";

const NETWORKS = [
  ...["10.0.0.0/8", "10.1.2.3/16", "10.1.2.3", "192.168.0.1/32", "0.0.0.0/0", "128.0.0.0/1"],
  ...["2001:db8::/32", "2001:db8::1", "fe80::/10", "::/0", "::1.2.3.4/96", "8000::/1"],
];
const ADDRESSES: Record<Family, string[]> = {
  4: [
    "10.1.2.3",
    "10.1.255.255",
    "10.2.0.0",
    "10.31.0.1",
    "10.4.5.6",
    "9.255.255.255",
    "192.168.0.1",
    "127.255.255.255",
    "128.0.0.0",
  ],
  6: [
    "2001:db8::1",
    "2001:db8::2",
    "2001:db8:3::1",
    "2001:db8:29:1::",
    "2001:db9::",
    "fe80::1",
    "fec0::",
    "::5",
    "::1:0:0:0",
    "8000::",
  ],
};
const PATTERNS = ["lo", "lo+", "l+", "+", "eth0", "eth+"];
const INTERFACES = ["lo", "lo1", "l", "eth", "eth0", "eth1", "wg0"];
const PROTOCOLS = ["tcp", "udp", "icmp", "icmp6", "sctp", "gre", "ah", "6", "58", "60", "99"];
const PORTS = ["0", "22", "0:22", ":1023", "1024:", "22:1024", "65535", "0:65535"];
const PORT_NUMBERS = [0, 1, 21, 22, 23, 45, 61, 1023, 1024, 1025, 65_534, 65_535];
const TYPES = ["any", "0", "1", "3", "3/4", "4", "8", "11", "128", "130", "135", "137", "143", "3/0"];
const TYPE_NUMBERS = [0, 1, 2, 3, 4, 5, 8, 11, 12, 128, 129, 130, 133, 135, 137, 138, 143, 144];

const STATE_NAMES = ["new", "established", "related", "invalid", "untracked"] as const;

/** One value or a list of up to five; now and then one long enough for what does not fit into one iptables rule. */
const condition = (pool: string[], long: string[] = []): fc.Arbitrary<Condition> =>
  fc.record({
    not: fc.constantFrom(false, false, true),
    values: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...pool).map((one) => [one]) },
      { weight: 6, arbitrary: fc.subarray(pool, { minLength: 2, maxLength: 5 }) },
      ...(long.length > 0 ? [{ weight: 2, arbitrary: fc.subarray(long, { minLength: 20 }) }] : []),
    ),
  });

/** More than stands in one iptables rule, of both families, some of them neighbours. */
const MANY_NETWORKS = Array.from({ length: 30 }, (_, i) => [
  `10.${2 * i + (i % 5 === 0 ? 1 : 0)}.0.0/16`,
  `2001:db8:${i}::/48`,
]).flat();
const MANY_PORTS = Array.from({ length: 30 }, (_, i) =>
  i % 4 === 0 ? `${3 * i}:${3 * i + 1}` : String(3 * i),
);
const MANY_TYPES = Array.from({ length: 30 }, (_, i) => (i % 4 === 0 ? `${i}/0` : String(i)));

/** Absent more often than not: a rule of all conditions holds for nothing. */
const maybe = (pool: string[], long?: string[]) =>
  fc.option(condition(pool, long), { nil: undefined, freq: 2 });

const NETWORKS_OR_LISTS = [...NETWORKS, "@nets", "@more"];
const PORTS_OR_LISTS = [...PORTS, "@ports"];

const conditions = fc
  .record({
    iface: maybe(PATTERNS),
    proto: maybe(PROTOCOLS),
    src: maybe(NETWORKS_OR_LISTS, MANY_NETWORKS),
    dst: maybe(NETWORKS_OR_LISTS, MANY_NETWORKS),
    srcport: maybe(PORTS_OR_LISTS, MANY_PORTS),
    dstport: maybe(PORTS_OR_LISTS, MANY_PORTS),
    icmptype: maybe(TYPES, MANY_TYPES),
    state: maybe([...STATE_NAMES]),
  })
  .chain((all) =>
    // Few rules of eight conditions hold for anything; keep about two of them.
    fc.subarray(Object.entries(all), { maxLength: 4 }).map((kept) => {
      return Object.fromEntries(kept.filter(([, one]) => one !== undefined)) as Rule["conditions"];
    }),
  );

const rule: fc.Arbitrary<Rule> = fc.record({
  verb: fc.constantFrom("match", "match", "ignore"),
  off: fc.constantFrom(false, false, false, true),
  comment: fc.constant([]),
  note: fc.constant(""),
  conditions,
});

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.constantFrom<Action>({ action: "permit" }, { action: "deny" }),
  fc.constantFrom("web", "mail").map((director): Action => ({ action: "director", director })),
  fc.constantFrom("100", "main", "254").map((table): Action => ({ action: "table", table })),
);

const flow = fc.record({
  kind: fc.constantFrom<Flow["kind"][]>("flow", "flow", "outflow"),
  policy: fc.option(action, { nil: null, freq: 12 }),
  skipped: fc.constantFrom(false, false, false, false, true),
  rules: fc.array(rule, { maxLength: 4 }),
});

const list = (name: string, pool: string[]) =>
  fc.subarray(pool, { minLength: 1, maxLength: 4 }).map((values): List => {
    return { kind: "list", name, values, comment: [], note: "" };
  });

const lists = fc.tuple(list("more", [...NETWORKS, "@nets"]), list("nets", NETWORKS), list("ports", PORTS));

/** Configs without errors: rules that `check` refuses are left out, and directors of outflows. */
export const configs: fc.Arbitrary<Config> = fc
  .tuple(fc.array(flow, { minLength: 1, maxLength: 5 }), lists)
  .map(([flows, named]) => {
    const items = flows.map((one, i): Flow => {
      const policy = one.kind === "outflow" && one.policy?.action === "director" ? null : one.policy;
      return {
        name: `f${i + 1}`,
        comment: [],
        note: "",
        ...one,
        policy,
        skipped: one.skipped || policy === null,
      };
    });
    const errors = check({ items: [...items, ...named], comment: [] }).filter(
      ({ severity }) => severity === "error",
    );
    const refused = new Set(errors.map((error) => `${error.flow} ${error.rule}`));
    const rulesOf = (one: Flow) => one.rules.filter((_, at) => !refused.has(`${one.name} ${at + 1}`));
    return { items: [...items.map((one) => ({ ...one, rules: rulesOf(one) })), ...named], comment: [] };
  });

const onePort = fc.constantFrom("22", "23", "45", "61", "1023", "1024:1025", "22:45", "65534:");

const portRule: fc.Arbitrary<Rule> = fc
  .record({
    verb: fc.constantFrom<Rule["verb"][]>("match", "match", "match", "match", "ignore"),
    proto: fc.constantFrom("tcp", "tcp", "udp", ""),
    ports: fc.oneof(
      { weight: 6, arbitrary: onePort.map((port) => [port]) },
      { weight: 1, arbitrary: fc.subarray(MANY_PORTS, { minLength: 12 }) },
    ),
    dst: fc.constantFrom("", "", "", "", "10.1.2.3", "2001:db8::/32"),
    iface: fc.constantFrom("", "", "", "", "eth0"),
  })
  .map(({ verb, proto, ports, dst, iface }): Rule => {
    const value = (text: string) => (text === "" ? undefined : { not: false, values: [text] });
    const all = {
      iface: value(iface),
      proto: value(proto),
      dst: value(dst),
      dstport: { not: false, values: ports },
    };
    const asked = Object.entries(all).filter(([, one]) => one !== undefined);
    return { verb, off: false, comment: [], note: "", conditions: Object.fromEntries(asked) };
  });

/** Flows for some ports of any address, and a few that are not, with which they may not change places. */
export const portFlows: fc.Arbitrary<Config> = fc
  .array(
    fc.record({
      policy: fc.constantFrom<Action>({ action: "permit" }, { action: "deny" }),
      rules: fc.array(portRule, { minLength: 1, maxLength: 2 }),
    }),
    { maxLength: 14 },
  )
  .map((flows) => ({
    items: flows.map(({ policy, rules }, i): Flow => {
      return { kind: "flow", name: `p${i + 1}`, comment: [], note: "", policy, skipped: false, rules };
    }),
    comment: [],
  }));

export const options: fc.Arbitrary<CompileOptions> = fc.record({
  ipv6: fc.constant(true),
  markMask: fc.constantFrom(DEFAULTS.markMask, 0xffff_0000, 0x7),
  loopback: fc.constantFrom("spare", "judge"),
  neighbours: fc.constantFrom("spare", "judge"),
  jump: fc.constantFrom("first", "last"),
  defragment: fc.constantFrom("on", "off"),
  largeList: fc.constantFrom(undefined, undefined, 1, 3, 20),
});

const protocolNumbers = PROTOCOLS.map((text) => readValue(parseProtocol(text)));

function packetOf(family: Family): fc.Arbitrary<Packet> {
  const address = fc.constantFrom(...ADDRESSES[family].map((text) => readValue(parseAddress(text)).bits));
  const port = fc.constantFrom(...PORT_NUMBERS);
  const icmp = fc.record({ type: fc.constantFrom(...TYPE_NUMBERS), code: fc.constantFrom(0, 4) });
  const all = fc.record({
    direction: fc.constantFrom<("in" | "out")[]>("in", "in", "out"),
    family: fc.constant(family),
    iface: fc.constantFrom(...INTERFACES),
    // tcp, udp and the family's icmp are what most rules are about.
    proto: fc.constantFrom(6, 17, icmpProtocol(family), icmpProtocol(family), ...protocolNumbers),
    src: address,
    dst: address,
    state: fc.constantFrom(...STATE_NAMES),
  });
  return fc.tuple(all, port, port, icmp).map(([packet, srcport, dstport, type]): Packet => {
    if (hasPorts(packet.proto)) return { ...packet, srcport, dstport };
    return packet.proto === icmpProtocol(family) ? { ...packet, icmp: type } : packet;
  });
}

export const packets: fc.Arbitrary<Packet> = fc.oneof(packetOf(4), packetOf(6));
