/** Real packets, built byte for byte with right checksums, so that the kernel takes them for what they say. */

/** The fields of a packet of the language that a frame can carry. */
export type FramePacket = {
  family: 4 | 6;
  /** Protocol number; in IPv6 the next header. */
  proto: number;
  src: bigint;
  dst: bigint;
  srcport?: number;
  dstport?: number;
  icmp?: { type: number; code: number };
  /** `untracked`: it carries the traffic class by which a rule of the test in raw takes it away from conntrack. */
  state?: string;
  /** Bytes behind the headers that are more than there have to be: a length by which it is known again. */
  padding?: number;
  /** Sent in two fragments; `tail first`: the one with the ports is the second to come. */
  fragmented?: boolean | "tail first";
};

/** The class of such a packet, CS1 (RFC 2474), as the six bits that iptables' `dscp` match compares. */
export const UNTRACKED_DSCP = 8;

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMP6 = 58;
const SCTP = 132;

/** Ethernet frames of a packet to the given hardware address (six bytes; zeros for `lo`). */
export function frames(packet: FramePacket, to: Uint8Array): Buffer[] {
  const header = Buffer.alloc(14);
  header.set(to, 0);
  header.set([2, 0, 0, 0, 0, 2], 6);
  header.writeUInt16BE(packet.family === 4 ? 0x0800 : 0x86dd, 12);
  return datagrams(packet).map((datagram) => Buffer.concat([header, datagram]));
}

/** The packet from its IP header on; two of them when it is sent in fragments. */
export function datagrams(packet: FramePacket): Buffer[] {
  const body = transport(packet);
  const whole = { offset: 0, more: false, data: body };
  const parts = packet.fragmented
    ? [
        { offset: 0, more: true, data: body.subarray(0, FIRST_FRAGMENT) },
        { offset: FIRST_FRAGMENT, more: false, data: body.subarray(FIRST_FRAGMENT) },
      ]
    : [whole];
  const built = parts.map((part) => (packet.family === 4 ? ipv4(packet, part) : ipv6(packet, part)));
  return packet.fragmented === "tail first" ? built.reverse() : built;
}

/** The packet as a line for the script SEND. */
export function sendLine(packet: FramePacket): string {
  const dst = packet.dst.toString(16).padStart(packet.family === 4 ? 8 : 32, "0");
  return `${packet.family} ${dst} ${datagrams(packet)
    .map((each) => each.toString("hex"))
    .join(" ")}\n`;
}

/** Bytes behind the headers: with them 1280, the least that IPv6 lets anything but the last fragment have. */
const FIRST_FRAGMENT = 1232;

type Part = { offset: number; more: boolean; data: Buffer };

/** Unlike zero, which the kernel may replace; both fragments of a packet share it, and no others do. */
let identification = 0;

function ipv4(packet: FramePacket, { offset, more, data }: Part): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header[1] = trafficClass(packet);
  header.writeUInt16BE(20 + data.length, 2);
  if (offset === 0) identification = (identification % 0xffff) + 1;
  header.writeUInt16BE(identification, 4);
  header.writeUInt16BE((more ? 0x2000 : 0) | (offset / 8), 6);
  header[8] = 64;
  header[9] = packet.proto;
  header.set(addressBytes(packet.src, 4), 12);
  header.set(addressBytes(packet.dst, 4), 16);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, data]);
}

function ipv6(packet: FramePacket, { offset, more, data }: Part): Buffer {
  const header = Buffer.alloc(40);
  const fragment = packet.fragmented ? fragmentHeader(packet, offset, more) : Buffer.alloc(0);
  header.writeUInt32BE(((6 << 28) | (trafficClass(packet) << 20)) >>> 0, 0);
  header.writeUInt16BE(fragment.length + data.length, 4);
  header[6] = packet.fragmented ? FRAGMENT : packet.proto;
  // Neighbour discovery is taken with a hop limit of 255 only.
  header[7] = 255;
  header.set(addressBytes(packet.src, 16), 8);
  header.set(addressBytes(packet.dst, 16), 24);
  return Buffer.concat([header, fragment, data]);
}

const FRAGMENT = 44;

function fragmentHeader({ proto }: FramePacket, offset: number, more: boolean): Buffer {
  const header = Buffer.alloc(8);
  header[0] = proto;
  header.writeUInt16BE(offset | (more ? 1 : 0), 2);
  if (offset === 0) identification = (identification % 0xffff) + 1;
  header.writeUInt32BE(identification, 4);
  return header;
}

function trafficClass({ state }: FramePacket): number {
  return state === "untracked" ? UNTRACKED_DSCP << 2 : 0;
}

function transport(packet: FramePacket): Buffer {
  // More than a first fragment holds, or as little as there may be.
  const length = packet.fragmented ? FIRST_FRAGMENT + 64 : leastOf(packet) + (packet.padding ?? 0);
  if (packet.proto === TCP) return tcp(packet, length);
  if (packet.proto === UDP) return udp(packet, length);
  if (packet.proto === SCTP) return sctp(packet, length);
  if (packet.icmp !== undefined) return icmp(packet, packet.icmp, length);
  return Buffer.alloc(length);
}

/** Bytes behind the IP header that the kernel's parsers, conntrack's too, want to see. */
function leastOf({ proto, icmp }: FramePacket): number {
  if (proto === TCP) return 20;
  if (proto === UDP) return 16;
  if (proto === SCTP) return 12 + 20;
  if (icmp === undefined) return 32;
  return proto === ICMP6 ? 24 : 8 + 28;
}

/** A first segment, so that conntrack takes it for the beginning of a connection. */
function tcp(packet: FramePacket, length: number): Buffer {
  const segment = Buffer.alloc(length);
  ports(segment, packet);
  segment.writeUInt32BE(1, 4);
  segment[12] = 5 << 4;
  segment[13] = 0x02;
  segment.writeUInt16BE(64_240, 14);
  segment.writeUInt16BE(checksum(segment, pseudoHeader(packet, segment.length)), 16);
  return segment;
}

function udp(packet: FramePacket, length: number): Buffer {
  const datagram = Buffer.alloc(length);
  ports(datagram, packet);
  datagram.writeUInt16BE(datagram.length, 4);
  // Zero would say that there is no checksum.
  datagram.writeUInt16BE(checksum(datagram, pseudoHeader(packet, datagram.length)) || 0xffff, 6);
  return datagram;
}

/** An INIT, padded to the length: the beginning of an association (RFC 9260, 3.3.2). */
function sctp(packet: FramePacket, length: number): Buffer {
  const message = Buffer.alloc(length);
  ports(message, packet);
  message[12] = 1;
  message.writeUInt16BE(message.length - 12, 14);
  message.writeUInt32BE(1, 16);
  message.writeUInt32LE(crc32c(message), 8);
  return message;
}

function icmp(packet: FramePacket, { type, code }: { type: number; code: number }, length: number): Buffer {
  const message = Buffer.alloc(length);
  message[0] = type;
  message[1] = code;
  const pseudo = packet.proto === ICMP ? Buffer.alloc(0) : pseudoHeader(packet, message.length);
  message.writeUInt16BE(checksum(message, pseudo), 2);
  return message;
}

function ports(segment: Buffer, packet: FramePacket): void {
  segment.writeUInt16BE(packet.srcport ?? 0, 0);
  segment.writeUInt16BE(packet.dstport ?? 0, 2);
}

function pseudoHeader(packet: FramePacket, length: number): Buffer {
  const size = packet.family === 4 ? 4 : 16;
  const tail = Buffer.alloc(8);
  tail.writeUInt32BE(length, 0);
  tail[7] = packet.proto;
  return Buffer.concat([addressBytes(packet.src, size), addressBytes(packet.dst, size), tail]);
}

function addressBytes(bits: bigint, size: 4 | 16): Buffer {
  return Buffer.from(bits.toString(16).padStart(size * 2, "0"), "hex");
}

/** The Internet checksum (RFC 1071) over both parts. */
function checksum(data: Buffer, pseudo: Buffer = Buffer.alloc(0)): number {
  let sum = 0;
  for (const part of [pseudo, data]) {
    for (let at = 0; at < part.length; at += 2) sum += ((part[at] ?? 0) << 8) | (part[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** CRC-32C (RFC 3309), bit by bit: packets of tests are short. */
function crc32c(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
