/** What listens on the target, who is connected to it and to whom it is, as it is now. Only read; plain JSON. */
import { succeeded } from "./run.ts";
import { openTarget, type Target, type TargetSpec } from "./target.ts";

export type Socket = {
  proto: "tcp" | "udp" | "raw";
  state: "listen" | "established";
  /** Null: every address of the families below. */
  local: string | null;
  families: ("ip" | "ip6")[];
  /** Of a raw socket the number of its protocol. */
  localPort: number;
  /** Null where it has none: it listens. */
  peer: { address: string; port: number } | null;
  /** Names of the processes that hold it, where /proc tells; of those that listen only. */
  processes: string[];
};

export type Endpoints = {
  sockets: Socket[];
  links: {
    name: string;
    up: boolean;
    /** Without prefix. */
    addresses: string[];
    /** Multicast groups that somebody here has joined. */
    groups: string[];
  }[];
  /** As resolv.conf names them. */
  nameservers: string[];
  /** Ports that sshd's configuration names: whose a socket is, only the mighty may see. */
  sshPorts: number[];
  /** Ports that connections to others leave from, both ends included. */
  ephemeral: { low: number; high: number };
  /** What could not be read, as sentences. */
  unread: string[];
};

/** The route to an address: the interface, and the address of this machine that it leaves with. */
export type Way = { iface: string; source: string | null; local: boolean };

/** ip_local_port_range where nobody has set it (Documentation/networking/ip-sysctl). */
const EPHEMERAL = { low: 32_768, high: 60_999 };

/** Never throws: what cannot be read is told in `unread`. */
export async function readEndpoints(spec: TargetSpec): Promise<Endpoints> {
  const target = openTarget(spec);
  const [listening, connected, addresses, groups, files] = await Promise.all([
    ask(target, ["ss", "-HOlnptw"]),
    ask(target, ["ss", "-HOntu", "state", "established"]),
    ask(target, ["ip", "-json", "address", "show"]),
    ask(target, ["ip", "-json", "maddress", "show"]),
    // One that is not there is no trouble.
    target
      .run(["grep", "-rsH", "", ...RESOLVERS, PORT_RANGE, ...SSHD])
      .then(({ stdout }) => ({ said: stdout })),
  ]);
  const all = { listening, connected, addresses, groups };
  return {
    sockets: [...socketsOf(listening.said, "listen"), ...socketsOf(connected.said, "established")],
    links: linksOf(addresses.said, groups.said),
    nameservers: nameserversOf(files.said),
    sshPorts: sshPortsOf(files.said),
    ephemeral: portRangeOf(files.said),
    unread: Object.values(all).flatMap(({ trouble }) => trouble ?? []),
  };
}

/** For each pair the way from the one to the other as the kernel finds it without a mark; null where there is none. */
export async function readWays(
  spec: TargetSpec,
  pairs: readonly { to: string; from: string | null }[],
): Promise<(Way | null)[]> {
  if (pairs.length === 0) return [];
  const lines = pairs.map(({ to, from }) => `route get ${to}${from === null ? "" : ` from ${from}`}\n`);
  // It goes on after one to which there is no route, and says in the end that one failed.
  const { stdout } = await openTarget(spec).run(["ip", "-force", "-json", "-batch", "-"], {
    stdin: lines.join(""),
  });
  const found = new Map<string, Way>();
  for (const line of stdout.split("\n").filter((each) => each.startsWith("["))) {
    const [route]: JsonWay[] = JSON.parse(line);
    if (route?.dev === undefined) continue;
    // IPv6 says so where nothing was asked.
    const from = route.from === "::" ? undefined : route.from;
    const way = {
      iface: route.dev,
      source: route.prefsrc ?? from ?? null,
      local: route.type === "local",
    };
    found.set(`${route.dst} ${from ?? ""}`, way);
  }
  return pairs.map(({ to, from }) => found.get(`${to} ${from ?? ""}`) ?? null);
}

type JsonWay = { type?: string; dst: string; from?: string; dev?: string; prefsrc?: string };

/** What a command said, or that it could not be asked. */
async function ask(
  target: Target,
  argv: readonly string[],
): Promise<{ said: string; trouble: string | null }> {
  const ran = await target.run(argv);
  if (succeeded(ran)) return { said: ran.stdout, trouble: null };
  const [program = ""] = argv;
  const why = ran.failure === "missing" ? "there is no such program" : ran.stderr.trim().split("\n")[0];
  return { said: "", trouble: `${program} could not be asked (${why})` };
}

/** systemd-resolved is asked over loopback, and itself asks those of the second. */
const RESOLVERS = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
const PORT_RANGE = "/proc/sys/net/ipv4/ip_local_port_range";

function nameserversOf(lines: string): string[] {
  const named = RESOLVERS.flatMap((path) =>
    linesOf(lines, path).flatMap((line) => /^\s*nameserver\s+([^\s%]+)/.exec(line)?.[1] ?? []),
  );
  return [...new Set(named)];
}

/** sshd_config and what it includes by default on Debian, Fedora and SUSE. */
const SSHD = ["/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d"];

/** Of lines as grep prints them, `FILE:LINE`: `Port 2222`, `ListenAddress 10.0.0.1:2222`, `ListenAddress [::]:2222`. */
export function sshPortsOf(lines: string): number[] {
  const named = lines.split("\n").flatMap((line) => {
    const [, text] = /^\/etc\/ssh\/sshd_config(?:\.d\/[^:]*\.conf)?:(.*)$/.exec(line) ?? [];
    const [, port, behind] =
      /^\s*(?:Port[\s=]+"?(\d+)|ListenAddress[\s=]+"?(?:\[[^\]]*\]|[^\s:]+):(\d+))/i.exec(text ?? "") ?? [];
    return port ?? behind ?? [];
  });
  return [...new Set(named.map(Number))];
}

function portRangeOf(lines: string): Endpoints["ephemeral"] {
  const [low, high] = (linesOf(lines, PORT_RANGE)[0] ?? "").trim().split(/\s+/).map(Number);
  return low && high ? { low, high } : EPHEMERAL;
}

/** What grep printed of a file. */
function linesOf(lines: string, path: string): string[] {
  return lines
    .split("\n")
    .flatMap((line) => (line.startsWith(`${path}:`) ? [line.slice(path.length + 1)] : []));
}

type JsonAddresses = { ifname: string; flags: string[]; addr_info: { local?: string }[] }[];
type JsonGroups = { ifname: string; maddr: { address?: string }[] }[];

function linksOf(addresses: string, groups: string): Endpoints["links"] {
  const links: JsonAddresses = addresses === "" ? [] : JSON.parse(addresses);
  const joined: JsonGroups = groups === "" ? [] : JSON.parse(groups);
  return links.map(({ ifname, flags, addr_info }) => ({
    name: ifname,
    up: flags.includes("UP"),
    addresses: addr_info.flatMap(({ local }) => local ?? []),
    groups: joined
      .filter((one) => one.ifname === ifname)
      .flatMap(({ maddr }) => maddr.flatMap(({ address }) => address ?? [])),
  }));
}

/** Lines of ss: protocol, perhaps a state, two queues, both ends, perhaps who holds it. */
function socketsOf(lines: string, state: Socket["state"]): Socket[] {
  return lines.split("\n").flatMap((line) => {
    const [words = "", holders = ""] = line.split(" users:");
    const fields = words.trim().split(/\s+/);
    const [local, peer] = fields.slice(-2).map(endOf);
    const proto = fields[0];
    if (!local || !peer || (proto !== "tcp" && proto !== "udp" && proto !== "raw")) return [];
    const processes = [...holders.matchAll(/\("([^"]*)",pid=/g)].flatMap(([, name]) => name ?? []);
    return {
      proto,
      state,
      ...local,
      peer: peer.local === null || state === "listen" ? null : { address: peer.local, port: peer.localPort },
      processes: [...new Set(processes)],
    };
  });
}

/** `10.0.0.1:22`, `[fd00::1]:22`, `*:22` (both families), `[::]:22`, `127.0.0.53%lo:53`, `0.0.0.0:112`, `*:*`. */
function endOf(text: string): Pick<Socket, "local" | "families" | "localPort"> | null {
  const [, written, port] = /^(.*):(\d+|\*)$/.exec(text) ?? [];
  if (written === undefined) return null;
  const address = written
    .replace(/%.*$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/^::ffff:(?=\d+\.)/, "");
  const localPort = port === "*" ? 0 : Number(port);
  switch (address) {
    case "*":
      return { local: null, families: ["ip", "ip6"], localPort };
    case "0.0.0.0":
      return { local: null, families: ["ip"], localPort };
    case "::":
      return { local: null, families: ["ip6"], localPort };
    default:
      return { local: address, families: [address.includes(":") ? "ip6" : "ip"], localPort };
  }
}
