/** The IPVS services that wait for a packet mark, as /proc/net/ip_vs of the target's namespace tells them. */
import type { Ipvs, IpvsService } from "./kernel.ts";
import { complaint, succeeded } from "./run.ts";
import type { Target } from "./target.ts";

const FILE = "/proc/net/ip_vs";

/** Never fails: a kernel without IPVS is a fact to tell. */
export async function readIpvs(target: Target): Promise<Ipvs> {
  const ran = await target.run(["cat", FILE]);
  if (succeeded(ran)) return { services: parseIpvs(ran.stdout) };
  if (ran.failure !== null) return { absent: complaint(ran) };
  return { absent: `this kernel has no IPVS now: there is no ${FILE}` };
}

/** `FWM  00000100 wlc persistent 300 FFFFFFFF`: the mark in hexadecimal. (net/netfilter/ipvs/ip_vs_ctl.c) */
const SERVICE = /^FWM\s+([0-9A-F]+)\s+(\S+)/;

/** `  -> C0A8010A:0050      Masq    1      0          0`; IPv6 stands in brackets, all groups in full. */
const SERVER = /^\s+->\s+(\[[0-9a-f:]+\]|[0-9A-F]{8}):([0-9A-F]{4})\s+(\S+)\s+(\d+)/;

/** Services by address and port are nobody's that a mark leads to, and are passed over with their servers. */
export function parseIpvs(text: string): IpvsService[] {
  const services: IpvsService[] = [];
  let current: IpvsService | null = null;
  for (const line of text.split("\n")) {
    const server = SERVER.exec(line);
    if (server) {
      const [, host = "", port = "", forward = "", weight = ""] = server;
      if (current) current.family = host.startsWith("[") ? "ip6" : "ip";
      current?.servers.push({ address: addressOf(host, port), forward, weight: Number(weight) });
      continue;
    }
    const [, mark, scheduler = ""] = SERVICE.exec(line) ?? [];
    current =
      mark === undefined ? null : { mark: Number.parseInt(mark, 16), family: null, scheduler, servers: [] };
    if (current) services.push(current);
  }
  return services;
}

/** `C0A8010A` and `0050` are 192.168.1.10:80; port 0 is none, and IPv6 stands in brackets only in front of a port. */
function addressOf(host: string, port: string): string {
  const address = host.startsWith("[") ? new URL(`http://${host}`).hostname : dotted(host);
  const number = Number.parseInt(port, 16);
  return number === 0 ? address.replace(/^\[|\]$/g, "") : `${address}:${number}`;
}

function dotted(hex: string): string {
  return (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).join(".");
}
