/** Configs of few values, and every packet that they can tell apart: what can be proven by trying all. */
import {
  type Action,
  type Condition,
  type Config,
  check,
  type Family,
  type Flow,
  flowsOf,
  hasPorts,
  type Item,
  icmpProtocol,
  type Packet,
  parseAddress,
  protocolOccurs,
  type Rule,
  type State,
} from "@flowmgr/flow-model";
import fc from "fast-check";

const NETWORKS = ["10.0.0.0/8", "10.0.0.0/16", "10.0.0.1", "10.0.0.0/15", "2001:db8::/32", "2001:db8::1"];
const ADDRESSES: Record<Family, readonly string[]> = {
  4: ["10.0.0.1", "10.0.0.2", "10.1.0.1", "10.2.0.0", "9.0.0.0"],
  6: ["2001:db8::1", "2001:db8::2", "2001:db9::"],
};
const PATTERNS = ["lo", "lo+", "+", "eth0", "eth+"];
const INTERFACES = ["lo", "lo1", "eth0", "eth1", "wg0"];
const PROTOCOLS = ["tcp", "udp", "icmp", "icmp6", "gre"];
const PORTS = ["22", "0:22", "22:1000", "1000:65535"];
const PORT_NUMBERS = [0, 22, 23, 1000, 1001];
const TYPES = ["3", "8", "8/0", "128", "135"];
const ICMP = [
  { type: 3, code: 0 },
  { type: 8, code: 0 },
  { type: 8, code: 1 },
  { type: 1, code: 0 },
  { type: 128, code: 0 },
  { type: 135, code: 0 },
  // Named by no rule: an error that a director takes, and what is spared beside 135.
  { type: 11, code: 0 },
  { type: 133, code: 0 },
];
const STATE_NAMES: readonly State[] = ["new", "established"];
/** One more than conditions name: what `not state { new, established }` leaves. */
const PACKET_STATES: readonly State[] = [...STATE_NAMES, "related"];

const condition = (pool: readonly string[]): fc.Arbitrary<Condition> =>
  fc.record({
    not: fc.constantFrom(false, false, true),
    values: fc.subarray([...pool], { minLength: 1, maxLength: 2 }),
  });

const rule: fc.Arbitrary<Rule> = fc
  .record({
    verb: fc.constantFrom("match", "match", "ignore"),
    iface: condition(PATTERNS),
    proto: condition(PROTOCOLS),
    src: condition(NETWORKS),
    dst: condition(NETWORKS),
    dstport: condition(PORTS),
    icmptype: condition(TYPES),
    state: condition(STATE_NAMES),
    kept: fc.array(fc.nat(6), { maxLength: 2 }),
  })
  .map(({ verb, kept, ...all }): Rule => {
    const asked = Object.entries(all).filter((_, at) => kept.includes(at));
    return { verb, off: false, comment: [], note: "", conditions: Object.fromEntries(asked) };
  });

const action: fc.Arbitrary<Action> = fc.constantFrom<Action[]>(
  { action: "permit" },
  { action: "deny" },
  { action: "director", director: "web" },
);

/** Configs without errors of up to four flows of up to three rules each. */
export const tinyConfigs: fc.Arbitrary<Config> = fc
  .array(fc.record({ policy: action, rules: fc.array(rule, { minLength: 1, maxLength: 3 }) }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((flows) => {
    const items = flows.map(
      (one, at): Flow => ({ kind: "flow", name: `f${at}`, skipped: false, comment: [], note: "", ...one }),
    );
    return withoutErrors({ items, comment: [] });
  });

/** The config without the rules that `check` refuses. */
function withoutErrors(config: Config): Config {
  const errors = check(config).filter(({ severity }) => severity === "error");
  const refused = new Set(errors.map((error) => `${error.flow} ${error.rule}`));
  const items = config.items.map((item) => {
    if (item.kind !== "flow" && item.kind !== "outflow") return item;
    return { ...item, rules: item.rules.filter((_, at) => !refused.has(`${item.name} ${at + 1}`)) };
  });
  return { ...config, items };
}

const marks = fc.record({
  out: fc.constantFrom(true, false, false),
  skipped: fc.constantFrom(true, false, false, false),
  off: fc.constantFrom(true, false, false, false),
  listed: fc.boolean(),
});

/** Such configs with outflows, flows and rules that are off, and a named list, which differs from config to config. */
export const richConfigs: fc.Arbitrary<Config> = fc
  .record({
    config: tinyConfigs,
    marks: fc.array(marks, { minLength: 12, maxLength: 12 }),
    values: fc.subarray(NETWORKS, { minLength: 1, maxLength: 3 }),
  })
  .map(({ config, marks: all, values }) => {
    const flows = flowsOf(config).map((flow, at): Flow => {
      const kind = all[at]?.out && flow.policy?.action !== "director" ? "outflow" : "flow";
      const rules = flow.rules.map((one, index): Rule => {
        const mark = all[3 * at + index];
        const { src } = one.conditions;
        const listed = src && mark?.listed ? { ...src, values: [...src.values.slice(1), "@office"] } : src;
        const conditions = { ...one.conditions, ...(listed && { src: listed }) };
        return { ...one, off: mark?.off === true, conditions };
      });
      return { ...flow, kind, skipped: all[at]?.skipped === true, rules };
    });
    const office: Item = { kind: "list", name: "office", values, comment: [], note: "" };
    return withoutErrors({ items: [office, ...flows], comment: [] });
  });

const bitsOf = (text: string): bigint => {
  const address = parseAddress(text);
  if ("error" in address) throw new Error(text);
  return address.ok.bits;
};

/** One packet of each kind that such a config can tell apart; of those that leave, only where it has outflows. */
export function everyPacket(config: Config): Packet[] {
  const coming = packetsThatCome(config);
  if (!flowsOf(config).some(({ kind }) => kind === "outflow")) return coming;
  return [...coming, ...coming.map((packet): Packet => ({ ...packet, direction: "out" }))];
}

function packetsThatCome(config: Config): Packet[] {
  const asked = new Set(
    flowsOf(config).flatMap(({ rules }) => rules.flatMap((one) => Object.keys(one.conditions))),
  );
  const some = <Value>(kind: string, all: readonly Value[]) => (asked.has(kind) ? all : all.slice(0, 1));
  return ([4, 6] as const).flatMap((family) =>
    some("state", PACKET_STATES).flatMap((state) =>
      INTERFACES.flatMap((iface) =>
        ADDRESSES[family].flatMap((src, at) =>
          at > 0 && !asked.has("src")
            ? []
            : ADDRESSES[family].flatMap((dst) =>
                payloads(family, asked).map((payload): Packet => {
                  const addresses = { src: bitsOf(src), dst: bitsOf(dst) };
                  return { direction: "in", family, iface, state, ...addresses, ...payload };
                }),
              ),
        ),
      ),
    ),
  );
}

function payloads(
  family: Family,
  asked: ReadonlySet<string>,
): Pick<Packet, "proto" | "srcport" | "dstport" | "icmp">[] {
  // 50 is what no rule names.
  return [1, 6, 17, 47, 50, 58]
    .filter((proto) => protocolOccurs(proto, family))
    .flatMap((proto): Pick<Packet, "proto" | "srcport" | "dstport" | "icmp">[] => {
      if (proto === icmpProtocol(family)) return ICMP.map((icmp) => ({ proto, icmp }));
      if (!hasPorts(proto)) return [{ proto }];
      const ports = asked.has("dstport") ? PORT_NUMBERS : [22];
      return ports.map((dstport) => ({ proto, srcport: 1, dstport }));
    });
}
