/** Random values of every kind, as people write them. */
import fc, { type Arbitrary } from "fast-check";
import { printBits } from "./address-bits.ts";
import { ICMP_NAMES } from "./icmp.ts";
import { NAME_LENGTH } from "./names.ts";
import { PROTOCOLS } from "./protocols.ts";
import type { Action, Condition, ConditionKind, Conditions } from "./schema.ts";
import { STATES } from "./states.ts";

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

/** One value of each kind of condition, whether or not they can stand together. */
export const VALUES: Record<ConditionKind, Arbitrary<string>> = {
  iface: arbitraryInterface,
  proto: arbitraryProtocol,
  src: fc.oneof(arbitraryAddress(4), arbitraryAddress(6)),
  dst: fc.oneof(arbitraryAddress(4), arbitraryAddress(6)),
  srcport: arbitraryPorts,
  dstport: arbitraryPorts,
  icmptype: fc.oneof(arbitraryIcmpType(4), arbitraryIcmpType(6)),
  state: fc.constantFrom(...STATES),
};

/** Which parts of the language conditions draw from; all unless given. */
export type ConditionOptions = {
  /** Lists in braces, and named ones where the config has them. */
  lists?: boolean;
  state?: boolean;
};

/** Names of lists that random conditions refer to; some are words of the language. */
export const LIST_NAMES = { addresses: ["office", "match", "-x"], ports: ["web", "list"] } as const;

/** A value, or a name that may or may not be a list's. */
function orReference(value: Arbitrary<string>, names: readonly string[]): Arbitrary<string> {
  const reference = fc.constantFrom(...names).map((one) => `@${one}`);
  return fc.oneof({ weight: 3, arbitrary: value }, reference);
}

/** Mostly a few values; now and then more than fit into one match of the kernel's. */
function values(value: Arbitrary<string>): Arbitrary<string[]> {
  return fc.oneof(
    { weight: 8, arbitrary: value.map((one) => [one]) },
    { weight: 7, arbitrary: fc.array(value, { minLength: 2, maxLength: 4 }) },
    fc.array(value, { minLength: 5, maxLength: 24 }),
  );
}

/** The values of a named list: of one kind, and names of lists of that kind. */
export function arbitraryListValues(kind: keyof typeof LIST_NAMES): Arbitrary<string[]> {
  return values(orReference(kind === "addresses" ? VALUES.src : VALUES.dstport, LIST_NAMES[kind]));
}

/** Any conditions, whether or not they can hold together; names of lists may be unknown. */
export function arbitraryWrittenConditions({
  lists = true,
  state = true,
}: ConditionOptions): Arbitrary<Conditions> {
  const not = fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true));
  const condition = (value: Arbitrary<string>): Arbitrary<Condition> =>
    fc.record({ not, values: lists ? values(value) : value.map((one) => [one]) });
  const address = lists ? orReference(VALUES.src, LIST_NAMES.addresses) : VALUES.src;
  const ports = lists ? orReference(VALUES.dstport, LIST_NAMES.ports) : VALUES.dstport;
  return fc.record(
    {
      iface: condition(VALUES.iface),
      proto: condition(VALUES.proto),
      src: condition(address),
      dst: condition(address),
      srcport: condition(ports),
      dstport: condition(ports),
      icmptype: condition(VALUES.icmptype),
      ...(state ? { state: condition(VALUES.state) } : {}),
    },
    { requiredKeys: [] },
  );
}
