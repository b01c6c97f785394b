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
  4: ["10.1.2.3", "10.1.255.255", "10.2.0.0", "9.255.255.255", "192.168.0.1", "127.255.255.255", "128.0.0.0"],
  6: ["2001:db8::1", "2001:db8::2", "2001:db9::", "fe80::1", "fec0::", "::5", "::1:0:0:0", "8000::"],
};
const PATTERNS = ["lo", "lo+", "l+", "+", "eth0", "eth+"];
const INTERFACES = ["lo", "lo1", "l", "eth", "eth0", "eth1", "wg0"];
const PROTOCOLS = ["tcp", "udp", "icmp", "icmp6", "sctp", "gre", "ah", "6", "58", "60", "99"];
const PORTS = ["0", "22", "0:22", ":1023", "1024:", "22:1024", "65535", "0:65535"];
const PORT_NUMBERS = [0, 21, 22, 23, 1023, 1024, 1025, 65_534, 65_535];
const TYPES = ["any", "0", "1", "3", "3/4", "4", "8", "11", "128", "130", "135", "137", "143", "3/0"];
const TYPE_NUMBERS = [0, 1, 2, 3, 4, 5, 8, 11, 12, 128, 129, 130, 133, 135, 137, 138, 143, 144];

const condition = (pool: string[]): fc.Arbitrary<Condition> =>
  fc.record({
    not: fc.constantFrom(false, false, true),
    values: fc.constantFrom(...pool).map((one) => [one]),
  });

/** Absent more often than not: a rule of all conditions holds for nothing. */
const maybe = (pool: string[]) => fc.option(condition(pool), { nil: undefined, freq: 2 });

const conditions = fc
  .record({
    iface: maybe(PATTERNS),
    proto: maybe(PROTOCOLS),
    src: maybe(NETWORKS),
    dst: maybe(NETWORKS),
    srcport: maybe(PORTS),
    dstport: maybe(PORTS),
    icmptype: maybe(TYPES),
  })
  .chain((all) =>
    // Few rules of seven conditions hold for anything; keep about two of them.
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
  policy: fc.option(action, { nil: null, freq: 12 }),
  skipped: fc.constantFrom(false, false, false, false, true),
  rules: fc.array(rule, { maxLength: 4 }),
});

/** Configs without errors: rules that `check` refuses are left out. */
export const configs: fc.Arbitrary<Config> = fc.array(flow, { minLength: 1, maxLength: 5 }).map((flows) => {
  const items = flows.map(
    (one, i): Flow => ({ kind: "flow", name: `f${i + 1}`, comment: [], note: "", ...one }),
  );
  const errors = check({ items, comment: [] }).filter(({ severity }) => severity === "error");
  const refused = new Set(errors.map((error) => `${error.flow} ${error.rule}`));
  const rulesOf = (one: Flow) => one.rules.filter((_, at) => !refused.has(`${one.name} ${at + 1}`));
  return { items: items.map((one) => ({ ...one, rules: rulesOf(one) })), comment: [] };
});

export const options: fc.Arbitrary<CompileOptions> = fc.record({
  ipv6: fc.constant(true),
  markMask: fc.constantFrom(DEFAULTS.markMask, 0xffff_0000, 0x7),
  loopback: fc.constantFrom("spare", "judge"),
  neighbours: fc.constantFrom("spare", "judge"),
  jump: fc.constantFrom("first", "last"),
  defragment: fc.constantFrom("on", "off"),
});

const protocolNumbers = PROTOCOLS.map((text) => readValue(parseProtocol(text)));

function packetOf(family: Family): fc.Arbitrary<Packet> {
  const address = fc.constantFrom(...ADDRESSES[family].map((text) => readValue(parseAddress(text)).bits));
  const port = fc.constantFrom(...PORT_NUMBERS);
  const icmp = fc.record({ type: fc.constantFrom(...TYPE_NUMBERS), code: fc.constantFrom(0, 4) });
  const all = fc.record({
    direction: fc.constant<"in">("in"),
    family: fc.constant(family),
    iface: fc.constantFrom(...INTERFACES),
    // tcp, udp and the family's icmp are what most rules are about.
    proto: fc.constantFrom(6, 17, icmpProtocol(family), icmpProtocol(family), ...protocolNumbers),
    src: address,
    dst: address,
  });
  return fc.tuple(all, port, port, icmp).map(([packet, srcport, dstport, type]): Packet => {
    if (hasPorts(packet.proto)) return { ...packet, srcport, dstport };
    return packet.proto === icmpProtocol(family) ? { ...packet, icmp: type } : packet;
  });
}

export const packets: fc.Arbitrary<Packet> = fc.oneof(packetOf(4), packetOf(6));
