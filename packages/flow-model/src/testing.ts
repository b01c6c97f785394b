/** Random configs and packets for property tests (fast-check), and a big realistic config for benches. */
import fc, { type Arbitrary } from "fast-check";
import { printBits } from "./address-bits.ts";
import { check } from "./check.ts";
import { ICMP_NAMES } from "./icmp.ts";
import { NAME_LENGTH } from "./names.ts";
import { PROTOCOLS } from "./protocols.ts";
import {
  type Action,
  CONDITION_KINDS,
  type Condition,
  type ConditionKind,
  type Conditions,
  type Config,
  type Flow,
  type Rule,
} from "./schema.ts";

export { manyFlows } from "./testing-many-flows.ts";
export { arbitraryPacket } from "./testing-packets.ts";

export type ConfigOptions = {
  /** Most flows of a config; 6 unless given. */
  maxFlows?: number;
  /** Most rules of a flow; 4 unless given. */
  maxRules?: number;
  /** With comments and notes; true unless given. */
  comments?: boolean;
};

/** Names that are legal and look as if they were not. */
const ODD_NAMES = [
  "permit",
  "match",
  "flow",
  "not",
  "off",
  "ACCEPT",
  "MARK",
  "PREROUTING",
  "-x",
  "-",
  "_",
  "0",
];
const LETTERS = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"];

function name(letters: readonly string[], maxLength: number): Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength });
}

/** Names of flows: short ones, odd ones, the longest ones. */
export const arbitraryName: Arbitrary<string> = fc.oneof(
  name(LETTERS, 8),
  fc.constantFrom(...ODD_NAMES),
  name(LETTERS, NAME_LENGTH),
);

/** Names of directors; few, so that flows share them. */
export const arbitraryDirector: Arbitrary<string> = fc.oneof(
  fc.constantFrom("maildirect", "web.example", "permit"),
  name([...LETTERS, "."], NAME_LENGTH),
);

const table = fc.oneof(
  fc.constantFrom("main", "254", "default", "100", "4294967295", "office"),
  fc.integer({ min: 1, max: 252 }).map(String),
);

/** The four policies. */
export const arbitraryAction: Arbitrary<Action> = fc.oneof(
  fc.constant<Action>({ action: "permit" }),
  fc.constant<Action>({ action: "deny" }),
  arbitraryDirector.map((director): Action => ({ action: "director", director })),
  table.map((number): Action => ({ action: "table", table: number })),
);

const IPV4 = [
  "192.168.0.0/24",
  "192.168.0.1",
  "192.168.0.2",
  "10.0.0.0/8",
  "10.1.0.0/255.255.0.0",
  "0.0.0.0/0",
];
const IPV6 = [
  "2001:db8::/32",
  "2001:db8::1",
  "2001:0DB8:0::2",
  "fe80::/10",
  "ff02::/16",
  "::/0",
  "::1.2.3.4",
];

/** An address or network as someone writes it: few that meet each other, and any at all, host bits included. */
export function arbitraryAddress(family: 4 | 6): Arbitrary<string> {
  const bits = family === 4 ? 32 : 128;
  const any = fc
    .tuple(fc.bigInt(0n, (1n << BigInt(bits)) - 1n), fc.integer({ min: 0, max: bits }))
    // ::ffff:0:0/96 is refused.
    .filter(([address]) => family === 4 || address >> 32n !== 0xffffn)
    .map(([address, prefix]) => `${printBits(family, address)}/${prefix}`);
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...(family === 4 ? IPV4 : IPV6)) }, any);
}

const port = fc.oneof(
  fc.constantFrom(0, 22, 25, 53, 80, 1023, 1024, 65_535),
  fc.integer({ min: 0, max: 65_535 }),
);

/** One port, a range, or a range with an open end. */
export const arbitraryPorts: Arbitrary<string> = fc.oneof(
  port.map(String),
  fc.tuple(port, port).map(([a, b]) => `${Math.min(a, b)}:${Math.max(a, b)}`),
  port.map((low) => `${low}:`),
  port.map((high) => `:${high}`),
);

const IFACES = ["eth0", "eth1", "eth+", "eth0.100", "lo", "lo+", "l+", "+", "wg@0", "a=b"];
export const arbitraryInterface: Arbitrary<string> = fc.constantFrom(...IFACES);

export const arbitraryProtocol: Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("tcp", "udp", "icmp", "icmp6") },
  fc.constantFrom(...PROTOCOLS.map((protocol) => protocol.name)),
  fc.constantFrom("6", "17", "1", "58", "43", "44", "253"),
  fc.integer({ min: 1, max: 255 }).map(String),
);

export function arbitraryIcmpType(family: 4 | 6): Arbitrary<string> {
  const type = fc.integer({ min: 0, max: family === 4 ? 254 : 255 });
  return fc.oneof(
    fc.constantFrom(...ICMP_NAMES[family].map(([named]) => named), "any"),
    fc.constantFrom("0", "8", "3/4", "128", "135", "143"),
    type.map(String),
    fc.tuple(type, fc.integer({ min: 0, max: 255 })).map(([number, code]) => `${number}/${code}`),
  );
}

/** Values of each kind of condition, whether or not they can stand together. */
const VALUES: Record<Exclude<ConditionKind, "state">, Arbitrary<string>> = {
  iface: arbitraryInterface,
  proto: arbitraryProtocol,
  src: fc.oneof(arbitraryAddress(4), arbitraryAddress(6)),
  dst: fc.oneof(arbitraryAddress(4), arbitraryAddress(6)),
  srcport: arbitraryPorts,
  dstport: arbitraryPorts,
  icmptype: fc.oneof(arbitraryIcmpType(4), arbitraryIcmpType(6)),
};

function one(value: Arbitrary<string>): Arbitrary<Condition> {
  const not = fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true));
  return fc.tuple(not, value).map(([negated, text]) => ({ not: negated, values: [text] }));
}

/** Conditions of a rule that can hold: those that cannot are dropped from the front until it does. */
export const arbitraryConditions: Arbitrary<Conditions> = fc
  .record(
    {
      iface: one(VALUES.iface),
      proto: one(VALUES.proto),
      src: one(VALUES.src),
      dst: one(VALUES.dst),
      srcport: one(VALUES.srcport),
      dstport: one(VALUES.dstport),
      icmptype: one(VALUES.icmptype),
    },
    { requiredKeys: [] },
  )
  .map(untilItHolds);

function untilItHolds(written: Conditions): Conditions {
  const kinds = CONDITION_KINDS.filter((kind) => written[kind]);
  for (let dropped = 0; dropped < kinds.length; dropped++) {
    const conditions = pick(written, kinds.slice(dropped));
    if (isGreen(ruleOf(conditions))) return conditions;
  }
  return {};
}

function pick(written: Conditions, kinds: readonly ConditionKind[]): Conditions {
  const picked: Conditions = {};
  for (const kind of kinds) {
    const condition = written[kind];
    if (condition) picked[kind] = condition;
  }
  return picked;
}

const ruleOf = (conditions: Conditions): Rule => ({
  verb: "match",
  off: false,
  comment: [],
  note: "",
  conditions,
});

function isGreen(rule: Rule): boolean {
  const flow: Flow = {
    kind: "flow",
    name: "a",
    policy: { action: "permit" },
    skipped: false,
    comment: [],
    note: "",
    rules: [rule],
  };
  return check({ items: [flow], comment: [] }).every(({ severity }) => severity === "warning");
}

/** A line of comment: what stands on one line, without space at its ends, which a text cannot keep. */
const line = fc
  .oneof(
    fc.constantFrom("all mail", "# not a rule", "flow x permit", "é ✓ {,}"),
    fc.string({ maxLength: 12 }),
  )
  .map((text) => text.replace(/\p{C}/gu, "").trim());

function remarks(wanted: boolean): { comment: Arbitrary<string[]>; note: Arbitrary<string> } {
  if (!wanted) return { comment: fc.constant([]), note: fc.constant("") };
  const none = { weight: 4, arbitrary: fc.constant("") };
  return {
    comment: fc.oneof(none, fc.array(line, { maxLength: 2 })).map((is) => (is === "" ? [] : is)),
    note: fc.oneof(none, line),
  };
}

const rarely = fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true));

/** A rule that `check` passes. */
export function arbitraryRule({ comments = true }: ConfigOptions = {}): Arbitrary<Rule> {
  return fc.record({
    verb: fc.constantFrom("match", "ignore"),
    off: rarely,
    ...remarks(comments),
    conditions: arbitraryConditions,
  });
}

/** A flow that `check` passes. */
export function arbitraryFlow(options: ConfigOptions = {}): Arbitrary<Flow> {
  return fc
    .record({
      kind: fc.constant("flow" as const),
      name: arbitraryName,
      policy: fc.oneof({ weight: 8, arbitrary: arbitraryAction }, fc.constant(null)),
      skipped: rarely,
      ...remarks(options.comments ?? true),
      rules: fc.array(arbitraryRule(options), { maxLength: options.maxRules ?? 4 }),
    })
    .map((flow) => (flow.policy === null ? { ...flow, skipped: true } : flow));
}

/** A config that `check` passes: single values, both families, comments, switches, odd names. Warnings may be. */
export function arbitraryConfig(options: ConfigOptions = {}): Arbitrary<Config> {
  return fc.record({
    items: fc.uniqueArray(arbitraryFlow(options), {
      maxLength: options.maxFlows ?? 6,
      selector: (flow) => flow.name,
    }),
    comment: remarks(options.comments ?? true).comment,
  });
}

/** Anything that has the shape of a config, right or wrong: lists, contradictions, control characters, twins. */
export function arbitraryRawConfig(): Arbitrary<Config> {
  const text = fc.oneof(fc.string({ maxLength: 8 }), ...Object.values(VALUES));
  const condition = fc.record({ not: fc.boolean(), values: fc.array(text, { maxLength: 3 }) });
  const raw = fc.string({ maxLength: 8, unit: "binary" });
  const rule = fc.record({
    verb: fc.constantFrom<Rule["verb"][]>("match", "ignore"),
    off: fc.boolean(),
    comment: fc.array(raw, { maxLength: 2 }),
    note: raw,
    conditions: fc.dictionary(fc.constantFrom(...CONDITION_KINDS), condition, { noNullPrototype: true }),
  });
  const flow = fc.record({
    kind: fc.constantFrom<Flow["kind"][]>("flow", "outflow"),
    name: fc.oneof(raw, fc.constantFrom("a", "b")),
    policy: fc.option(
      fc.oneof(
        arbitraryAction,
        raw.map((director): Action => ({ action: "director", director })),
      ),
    ),
    skipped: fc.boolean(),
    comment: fc.array(raw, { maxLength: 2 }),
    note: raw,
    rules: fc.array(rule, { maxLength: 3 }),
  });
  return fc.record({ items: fc.array(flow, { maxLength: 4 }), comment: fc.array(raw, { maxLength: 2 }) });
}
