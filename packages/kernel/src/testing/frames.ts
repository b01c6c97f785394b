/** Real packets, built byte for byte with right checksums, so that the kernel takes them for what they say. */

/** The fields of a packet of flow-model that a frame can carry. */
export type FramePacket = {
  family: 4 | 6;
  /** Protocol number; in IPv6 the next header. */
  proto: number;
  src: bigint;
  dst: bigint;
  srcport?: number;
  dstport?: number;
  icmp?: { type: number; code: number };
};

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMP6 = 58;
const SCTP = 132;

/** An Ethernet frame to the given hardware address (six bytes; zeros for `lo`). */
export function frame(packet: FramePacket, to: Uint8Array): Buffer {
  const header = Buffer.alloc(14);
  header.set(to, 0);
  header.set([2, 0, 0, 0, 0, 2], 6);
  header.writeUInt16BE(packet.family === 4 ? 0x0800 : 0x86dd, 12);
  return Buffer.concat([header, packet.family === 4 ? ipv4(packet) : ipv6(packet)]);
}

function ipv4(packet: FramePacket): Buffer {
  const body = transport(packet);
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + body.length, 2);
  header[8] = 64;
  header[9] = packet.proto;
  header.set(addressBytes(packet.src, 4), 12);
  header.set(addressBytes(packet.dst, 4), 16);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, body]);
}

function ipv6(packet: FramePacket): Buffer {
  const body = transport(packet);
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(body.length, 4);
  header[6] = packet.proto;
  // Neighbour discovery is taken with a hop limit of 255 only.
  header[7] = 255;
  header.set(addressBytes(packet.src, 16), 8);
  header.set(addressBytes(packet.dst, 16), 24);
  return Buffer.concat([header, body]);
}

function transport(packet: FramePacket): Buffer {
  if (packet.proto === TCP) return tcp(packet);
  if (packet.proto === UDP) return udp(packet);
  if (packet.proto === SCTP) return sctp(packet);
  if (packet.icmp !== undefined) return icmp(packet, packet.icmp);
  return Buffer.alloc(32);
}

function tcp(packet: FramePacket): Buffer {
  const segment = Buffer.alloc(20);
  ports(segment, packet);
  segment.writeUInt32BE(1, 4);
  segment[12] = 5 << 4;
  segment[13] = 0x02;
  segment.writeUInt16BE(64_240, 14);
  segment.writeUInt16BE(checksum(segment, pseudoHeader(packet, segment.length)), 16);
  return segment;
}

function udp(packet: FramePacket): Buffer {
  const datagram = Buffer.alloc(16);
  ports(datagram, packet);
  datagram.writeUInt16BE(datagram.length, 4);
  // Zero would say that there is no checksum.
  datagram.writeUInt16BE(checksum(datagram, pseudoHeader(packet, datagram.length)) || 0xffff, 6);
  return datagram;
}

function sctp(packet: FramePacket): Buffer {
  const chunk = Buffer.from([10, 0, 0, 4]);
  const message = Buffer.concat([Buffer.alloc(12), chunk]);
  ports(message, packet);
  message.writeUInt32LE(crc32c(message), 8);
  return message;
}

function icmp(packet: FramePacket, { type, code }: { type: number; code: number }): Buffer {
  const message = Buffer.alloc(packet.proto === ICMP6 ? 24 : 8 + 28);
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

/** A capture file (pcap, Ethernet) of frames, one a millisecond. */
export function pcap(frames: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(1, 20);
  const records = frames.flatMap((data, index) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(Math.floor(index / 1000), 0);
    record.writeUInt32LE((index % 1000) * 1000, 4);
    record.writeUInt32LE(data.length, 8);
    record.writeUInt32LE(data.length, 12);
    return [record, data];
  });
  return Buffer.concat([header, ...records]);
}
