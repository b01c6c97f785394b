/** What an address says about the way to it. */
import { BlockList, isIP } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** `localhost` or an address that never leaves the machine. */
export function isLoopback(host: string): boolean {
  if (host === "localhost") return true;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1] ?? host;
  const family = isIP(mapped);
  return family !== 0 && loopback.check(mapped, family === 4 ? "ipv4" : "ipv6");
}
