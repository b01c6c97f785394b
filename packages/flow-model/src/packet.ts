/** A packet as the language sees it, from fields or from a line, and back. */

import { type Address, parseAddress } from "./address.ts";
import { BITS, printBits } from "./address-bits.ts";
import type { Family } from "./family.ts";
import { parseIcmpType } from "./icmp.ts";
import { INTERFACE_LENGTH, parseInterface } from "./names.ts";
import { parsePorts } from "./ports.ts";
import {
  hasPorts,
  ICMP,
  ICMP6,
  PROTOCOLS,
  parseProtocol,
  protocolName,
  protocolOccurs,
} from "./protocols.ts";
import { STATES, type State } from "./states.ts";
import { type Parsed, quote, type ValueError } from "./value.ts";

export type Packet = {
  /** `in`: judged by flows (PREROUTING); `out`: judged by outflows (OUTPUT). */
  direction: "in" | "out";
  family: Family;
  /** The interface it came in by, or is about to leave by. */
  iface: string;
  /** Protocol number; in IPv6 the one behind the extension headers. */
  proto: number;
  /** Addresses as unsigned integers of 32 or 128 bits. */
  src: bigint;
  dst: bigint;
  /** Set for tcp, udp and sctp only. */
  srcport?: number;
  dstport?: number;
  /** Set for ICMP of the packet's family only. */
  icmp?: { type: number; code: number };
  /** What conntrack says of it. */
  state?: State;
};

/** A packet as a form or a script writes it down: values as in a config, one address where a config has networks. */
export type PacketFields = {
  direction?: "in" | "out" | undefined;
  iface: string;
  /** Name or number. */
  proto: string;
  src: string;
  dst: string;
  srcport?: number | undefined;
  dstport?: number | undefined;
  /** `8/0`, `8` (code 0) or a name. */
  icmptype?: string | undefined;
  state?: State | undefined;
};

export type PacketError = ValueError & { field: keyof PacketFields };

export type ParsedPacket = { ok: Packet } | { error: PacketError };

/** The source port of a packet that names none: the first that is nobody's service (RFC 6335). */
const EPHEMERAL_PORT = 49_152;

/** A packet from its fields; the first wrong field is named. */
export function parsePacket(fields: PacketFields): ParsedPacket {
  const iface = parseInterface(fields.iface);
  if ("error" in iface) return wrongValue("iface", iface.error, isInterface);
  if (iface.ok.endsWith("+")) return wrong("iface", refusal("a packet has one interface", "leave the + out"));
  const src = parseOne("src", fields.src);
  if ("error" in src) return src;
  const dst = parseOne("dst", fields.dst);
  if ("error" in dst) return dst;
  const { family } = src.ok;
  if (dst.ok.family !== family) {
    const help = `write an IPv${family} address in both`;
    return wrong("dst", refusal(`src is IPv${family} and dst is IPv${dst.ok.family}`, help));
  }
  const proto = parseProtocol(fields.proto);
  if ("error" in proto) return wrongValue("proto", proto.error, (text) => "ok" in parseProtocol(text));
  if (!protocolOccurs(proto.ok, family)) return wrong("proto", refuseProtocol(proto.ok, family));
  const payload = parsePayload(fields, proto.ok, family);
  if ("error" in payload) return payload;
  const { direction = "in", state } = fields;
  const packet: Packet = {
    direction,
    family,
    iface: iface.ok,
    proto: proto.ok,
    src: src.ok.bits,
    dst: dst.ok.bits,
  };
  return { ok: { ...packet, ...payload.ok, ...(state ? { state } : {}) } };
}

const wrong = (field: keyof PacketFields, error: ValueError): { error: PacketError } => ({
  error: { ...error, field },
});

/** What would be right in a packet: one value, where a rule may have patterns, networks, ranges or none at all. */
const HELP: Readonly<Record<Exclude<keyof PacketFields, "direction" | "state">, string>> = {
  iface: `write one name such as eth0: at most ${INTERFACE_LENGTH} letters, digits and . _ - @ =`,
  proto: `write ${PROTOCOLS.map(({ name }) => name).join(", ")} or a number from 1 to 255`,
  src: "write one address such as 192.168.0.1 or 2001:db8::1",
  dst: "write one address such as 192.168.0.1 or 2001:db8::1",
  srcport: "write a number from 0 to 65535",
  dstport: "write a number from 0 to 65535",
  icmptype: "write a type such as 8/0 or echo-request",
};

const NOTHING = (_: string) => false;

/** A value that is none in a rule either; "write 10.0.0.1" stays as long as that is right in a packet too. */
function wrongValue(
  field: keyof typeof HELP,
  error: ValueError,
  isRight: (text: string) => boolean = NOTHING,
): { error: PacketError } {
  const meant = /^write (?<value>\S+)$/.exec(error.help)?.groups?.value;
  const help = meant !== undefined && isRight(meant) ? error.help : HELP[field];
  return wrong(field, { ...error, help });
}

function isInterface(text: string): boolean {
  const iface = parseInterface(text);
  return "ok" in iface && !iface.ok.endsWith("+");
}

function isAddress(text: string): boolean {
  const address = parseAddress(text);
  return "ok" in address && address.ok.prefix === BITS[address.ok.family];
}

function isIcmpType(text: string, family: Family): boolean {
  const icmp = parseIcmpType(text, family);
  return "ok" in icmp && !("any" in icmp.ok);
}

const refusal = (message: string, help: string): ValueError => ({ code: "bad-packet", message, help });

function parseOne(field: "src" | "dst", text: string): { ok: Address } | { error: PacketError } {
  const address = parseAddress(text);
  if ("error" in address) return wrongValue(field, address.error, isAddress);
  if (address.ok.prefix === BITS[address.ok.family]) return address;
  return wrong(
    field,
    refusal(`${quote(text)} is a network`, "a packet has one address: leave the prefix out"),
  );
}

function refuseProtocol(number: number, family: Family): ValueError {
  const name = protocolName(number);
  if (number === ICMP || number === ICMP6) {
    const other = protocolName(family === 4 ? ICMP : ICMP6);
    return refusal(
      `${name} does not occur in IPv${family}`,
      `write ${other}, or addresses of the other family`,
    );
  }
  const help = "write the protocol behind the extension headers";
  return refusal(`${name} is an extension header in IPv6`, help);
}

type Payload = Pick<Packet, "srcport" | "dstport" | "icmp">;

function parsePayload(
  fields: PacketFields,
  proto: number,
  family: Family,
): { ok: Payload } | { error: PacketError } {
  const { srcport, dstport, icmptype } = fields;
  const name = protocolName(proto);
  if (!hasPorts(proto)) {
    const field = srcport === undefined ? "dstport" : "srcport";
    if (fields[field] !== undefined)
      return wrong(field, refusal(`${name} has no ports`, `leave ${field} out`));
  }
  const isIcmp = proto === ICMP || proto === ICMP6;
  if (!isIcmp && icmptype !== undefined) {
    return wrong("icmptype", refusal(`${name} has no ICMP type`, "leave icmptype out"));
  }
  if (isIcmp) return parseIcmp(icmptype, family);
  if (!hasPorts(proto)) return { ok: {} };
  if (dstport === undefined) {
    return wrong(
      "dstport",
      refusal(`a packet of ${name} has a destination port`, "write a number such as 22"),
    );
  }
  for (const [field, port] of [
    ["srcport", srcport ?? EPHEMERAL_PORT],
    ["dstport", dstport],
  ] as const) {
    const parsed = parsePorts(String(port));
    if ("error" in parsed) return wrongValue(field, parsed.error);
  }
  return { ok: { srcport: srcport ?? EPHEMERAL_PORT, dstport } };
}

function parseIcmp(text: string | undefined, family: Family): { ok: Payload } | { error: PacketError } {
  if (text === undefined) {
    return wrong(
      "icmptype",
      refusal("an ICMP packet has a type", "write a type such as 8/0 or echo-request"),
    );
  }
  const icmp = parseIcmpType(text, family);
  if ("error" in icmp) return wrongValue("icmptype", icmp.error, (other) => isIcmpType(other, family));
  if ("any" in icmp.ok)
    return wrong("icmptype", refusal("a packet has one ICMP type", "write a type such as 8/0"));
  return { ok: { icmp: { type: icmp.ok.type, code: icmp.ok.code ?? 0 } } };
}

/**
 * One line, as people write packets down: `tcp 10.0.0.1:4000 -> 192.168.0.2:25 in eth0`,
 * `icmp6 2001:db8::1 -> 2001:db8::2 type 128/0 out eth1 state new`. `parsePacketLine` reads it back.
 */
export function printPacket(packet: Packet): string {
  const { direction, family, iface, proto, srcport, dstport, icmp, state } = packet;
  const end = (bits: bigint, port: number | undefined) => {
    const address = printBits(family, bits);
    if (port === undefined) return address;
    return family === 4 ? `${address}:${port}` : `[${address}]:${port}`;
  };
  const type = icmp ? ` type ${icmp.type}/${icmp.code}` : "";
  const ends = `${end(packet.src, srcport)} -> ${end(packet.dst, dstport)}`;
  return `${protocolName(proto)} ${ends}${type} ${direction} ${iface}${state ? ` state ${state}` : ""}`;
}

const LINE =
  /^\s*(?<proto>\S+)\s+(?<src>\S+)\s+->\s+(?<dst>\S+)(?:\s+type\s+(?<type>\S+))?\s+(?<direction>in|out)\s+(?<iface>\S+)(?:\s+state\s+(?<state>new|established|related|invalid|untracked))?\s*$/;

/** The line that `printPacket` writes. */
export function parsePacketLine(line: string): Parsed<Packet> {
  const parts = LINE.exec(line)?.groups;
  if (!parts) {
    const help = "write it as tcp 10.0.0.1:4000 -> 192.168.0.2:25 in eth0";
    return { error: refusal(`${quote(line)} is not a packet`, help) };
  }
  const src = splitPort(parts.src ?? "");
  const dst = splitPort(parts.dst ?? "");
  return parsePacket({
    direction: parts.direction === "out" ? "out" : "in",
    iface: parts.iface ?? "",
    proto: parts.proto ?? "",
    src: src.address,
    dst: dst.address,
    srcport: src.port,
    dstport: dst.port,
    icmptype: parts.type,
    state: STATES.find((state) => state === parts.state),
  });
}

/** `10.0.0.1:25` and `[::1]:25`; an IPv6 address without brackets has no port. */
function splitPort(text: string): { address: string; port: number | undefined } {
  const parts = /^(?:\[(?<bracketed>[^\]]*)\]|(?<plain>[^:]*))(?::(?<port>[0-9]{1,5}))?$/.exec(text)?.groups;
  const address = parts?.bracketed ?? parts?.plain ?? text;
  return { address, port: parts?.port === undefined ? undefined : Number(parts.port) };
}
