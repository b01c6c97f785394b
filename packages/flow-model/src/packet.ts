/** A packet as the language sees it. */

export type Family = 4 | 6;

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
  state?: "new" | "established" | "related" | "invalid" | "untracked";
};
