/** What conntrack says of a packet that belongs to nothing it knows, by its protocol and ICMP type alone. */
import type { FramePacket } from "./frames.ts";

const ICMP = 1;
const ICMP6 = 58;
/** No next header: IPv6's way to say that nothing follows. */
const NOTHING_FOLLOWS = 59;
/** DCCP and UDP-Lite: whether conntrack knows them depends on the kernel. */
const OF_SOME_KERNELS = new Set([33, 136]);

/** Types that begin something (`valid_new` of nf_conntrack_proto_icmp.c and _icmpv6.c). */
const ICMP_NEW = new Set([8, 13, 15, 17]);
const ICMP6_NEW = new Set([128, 139]);
/** Types that it leaves alone (`noct_valid_new` of nf_conntrack_proto_icmpv6.c). */
const ICMP6_UNTRACKED = new Set([130, 131, 132, 133, 134, 135, 136, 143]);

/** The state of a packet of `frames` that is nobody's answer; null where that depends on the kernel. */
export function firstState({
  family,
  proto,
  icmp,
}: Pick<FramePacket, "family" | "proto" | "icmp">): "new" | "invalid" | "untracked" | null {
  if (OF_SOME_KERNELS.has(proto)) return null;
  if (proto === ICMP && icmp) return ICMP_NEW.has(icmp.type) ? "new" : "invalid";
  if (proto === ICMP6 && icmp) {
    if (ICMP6_UNTRACKED.has(icmp.type)) return "untracked";
    return ICMP6_NEW.has(icmp.type) ? "new" : "invalid";
  }
  return family === 6 && proto === NOTHING_FOLLOWS ? "invalid" : "new";
}
