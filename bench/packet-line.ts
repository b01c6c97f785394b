/**
 * A line of three network namespaces, client - router - server, as a load balancer stands in it: UDP through real
 * sockets at both ends, veth between them, rules in the router. Made for a benchmark, gone with it.
 *
 * A veth hands its packet on in the sender's own time, up to the socket of the server: so packets for each second of
 * the sender's processor is what the whole way costs, and others at work on the machine change it little. The receiver
 * has a processor of its own and looks by the clock, not when woken, or waking would cost more than forwarding.
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { complaint, run, start, succeeded } from "@flowmgr/kernel/testing";

export type Family = 4 | 6;

/** What the sender's processor spent on each packet that was received, and how many were not. */
type Sample = { nanoseconds: number; lost: number };

export type Line = {
  /** A command in the router; throws when it fails. */
  router(argv: readonly string[], stdin?: string): Promise<string>;
  /** Where packets go from now on, one after the other, to port 53. */
  aim(family: Family, destinations: readonly string[]): Promise<void>;
  /** Sends as fast as it can for so many seconds of the processor. */
  send(seconds: number): Promise<Sample>;
  remove(): Promise<void>;
};

/** Numbers of system calls: perl can make them all, and gives names to none. */
const CALLS = { x64: "307 299 228", arm64: "269 243 113" };

const COMMON = `
use Socket qw(:all);
my ($SENDMMSG, $RECVMMSG, $CLOCK) = splice(@ARGV, 0, 3);
sub address { unpack("Q", pack("P", $_[0])) }
# struct mmsghdr, of which each points to one name and one iovec
sub mmsghdr { pack("Q L x4 Q Q Q Q l x4 L x4", $_[0], $_[1], $_[2], 1, 0, 0, 0, 0) }
sub udp { socket(my $socket, $_[0], SOCK_DGRAM, 0) or die "a socket: $!\\n"; $socket }
`;

/** Many datagrams a call, or perl would be what is measured; few enough that a slow router ends in time. */
const SENDER = `${COMMON}
my %socket = (4 => udp(AF_INET), 6 => udp(AF_INET6));
my ($payload, $names, $vector, $socket, $count) = ("x" x 18, "", "");
my $iovec = pack("QQ", address($payload), length $payload);
sub clock { my $time = pack("qq", 0, 0); syscall($CLOCK, 2, $time); my ($s, $ns) = unpack("qq", $time); $s + $ns / 1e9 }
$| = 1;
while (<STDIN>) {
  my ($what, @words) = split;
  if ($what eq "aim") {
    my ($family, @to) = @words;
    $socket = $socket{$family};
    my @names = map { $family == 4 ? pack_sockaddr_in(53, inet_aton($_)) : pack_sockaddr_in6(53, inet_pton(AF_INET6, $_)) } @to;
    $names = join("", @names);
    my ($length, $at) = (length $names[0], address($names));
    $vector = join("", map { mmsghdr($at + $_ * $length, $length, address($iovec)) } 0 .. $#to);
    $count = @to;
    print "aimed\\n";
  } else {
    my ($begin, $sent, $at, $start) = (clock(), 0, 0, address($vector));
    while (clock() - $begin < $words[0]) {
      my $most = $count - $at < 32 ? $count - $at : 32;
      my $done = syscall($SENDMMSG, fileno($socket), $start + 64 * $at, $most, 0);
      die "sendmmsg: $!\\n" if $done < 0;
      $sent += $done;
      $at = ($at + $done) % $count;
    }
    print "$sent ", clock() - $begin, "\\n";
  }
}`;

const RECEIVER = `${COMMON}
my ($family) = @ARGV;
my $socket = udp($family == 4 ? AF_INET : AF_INET6);
setsockopt($socket, IPPROTO_IPV6, 26, 1) if $family == 6;
setsockopt($socket, SOL_SOCKET, 33, 1 << 27) or die "SO_RCVBUFFORCE: $!\\n";
bind($socket, $family == 4 ? pack_sockaddr_in(53, INADDR_ANY) : pack_sockaddr_in6(53, IN6ADDR_ANY)) or die "bind: $!\\n";
my $buffer = "x" x 64;
my $iovec = pack("QQ", address($buffer), length $buffer);
my $vector = mmsghdr(0, 0, address($iovec)) x 256;
$| = 1;
print "bound\\n";
my $input = "";
vec($input, fileno(STDIN), 1) = 1;
while (1) {
  next if syscall($RECVMMSG, fileno($socket), $vector, 256, 0x40, 0) > 0;
  last if select(my $ready = $input, undef, undef, 0.001);
}`;

/** Namespaces that there are; they go with this process, however it ends. What a kill leaves, the next one sweeps. */
const namespaces = new Set<string>();
// The lock of xtables is shared by all namespaces of a machine; ours have nothing to do with those of others.
const locks = mkdtempSync(join(tmpdir(), "flowmgr-packets-"));
process.env.XTABLES_LOCKFILE = join(locks, "xtables.lock");
process.once("exit", () => {
  for (const name of namespaces) spawnSync("ip", ["netns", "delete", name], { stdio: "ignore" });
  rmSync(locks, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));

async function must(argv: readonly string[], stdin = ""): Promise<string> {
  // A big restore at the side of other work takes its time.
  const ran = await run(argv, { stdin, limit: 300_000 });
  if (!succeeded(ran)) throw new Error(`${argv.join(" ")}: ${complaint(ran)}`);
  return ran.stdout;
}

/** Removes what benchmarks that are dead by now have left. */
async function sweep(): Promise<void> {
  const names = existsSync("/run/netns") ? readdirSync("/run/netns") : [];
  for (const name of names) {
    const pid = /^flowmgr-packets-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await run(["ip", "netns", "delete", name]);
  }
}

/** The commands of ip(8) that lay a line through these namespaces. */
function laying(client: string, router: string, server: string): string[] {
  const near = "02:00:00:00:00:01";
  const far = "02:00:00:00:00:02";
  const wire = (one: string, name: string, other: string, peer: string) =>
    `link add name ${name} netns ${one} address ${near} type veth peer name ${peer} netns ${other} address ${far}`;
  const at = (namespace: string, device: string, addresses: string[]) => [
    `-n ${namespace} link set dev ${device} up`,
    ...addresses.map((address) => `-n ${namespace} address add ${address} dev ${device}`),
  ];
  const by = (namespace: string, device: string, gateways: string[]) =>
    gateways.flatMap((gateway) => [
      `-n ${namespace} neighbour add ${gateway} lladdr ${far} dev ${device} nud permanent`,
      `-n ${namespace} route add default via ${gateway} dev ${device}`,
    ]);
  return [
    wire(client, "up", router, "in"),
    wire(router, "out", server, "up"),
    ...at(client, "up", ["198.18.0.1/30", "fd00:1::1/64"]),
    ...at(router, "in", ["198.18.0.2/30", "fd00:1::2/64"]),
    ...at(router, "out", ["198.18.0.5/30", "fd00:2::1/64"]),
    ...at(server, "up", ["198.18.0.6/30", "fd00:2::2/64"]),
    ...by(client, "up", ["198.18.0.2", "fd00:1::2"]),
    ...by(router, "out", ["198.18.0.6", "fd00:2::2"]),
    // Whatever the destination, the server takes it for its own.
    `-n ${server} link set dev lo up`,
    ...["0.0.0.0/0", "::/0"].map((all) => `-n ${server} route add local ${all} dev lo`),
  ];
}

/** Of all three. The server takes every address for its own, the client's too, and addresses must be there at once. */
const SETTINGS = {
  "ipv4/ip_forward": "1",
  "ipv6/conf/all/forwarding": "1",
  "ipv4/conf/all/rp_filter": "0",
  "ipv4/conf/all/accept_local": "1",
  "ipv6/conf/default/accept_dad": "0",
};

type Talker = {
  pid: number;
  ask(line: string): Promise<string>;
  next(): Promise<string>;
  end(): Promise<void>;
};

/** A perl script in a namespace that answers each line with a line. */
function talker(namespace: string, cpu: number, script: string, argv: string[]): Talker {
  const calls = CALLS[process.arch === "arm64" ? "arm64" : "x64"].split(" ");
  const pinned = ["taskset", "--cpu-list", String(cpu), "perl", "-e", script, ...calls, ...argv];
  const child = start(["ip", "netns", "exec", namespace, ...pinned]);
  let complaints = "";
  child.stderr.on("data", (part) => (complaints += String(part)));
  child.stdin.on("error", () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const closed = new Promise((resolve) => child.once("close", resolve));
  const next = async () => {
    const line = await lines.next();
    if (line.done) throw new Error(complaints || "a sender or receiver has ended");
    return line.value;
  };
  return {
    pid: child.pid ?? 0,
    next,
    ask(line) {
      child.stdin.write(`${line}\n`);
      return next();
    },
    async end() {
      child.stdin.end();
      await closed;
    },
  };
}

/** What sockets of the family have received in the namespace of a process (netstat(8) shows it as "packets received"). */
function received(pid: number, family: Family): number {
  if (family === 6) {
    const text = readFileSync(`/proc/${pid}/net/snmp6`, "utf8");
    return Number(/^Udp6InDatagrams\s+(\d+)/m.exec(text)?.[1]);
  }
  return Number(/^Udp: (\d+)/m.exec(readFileSync(`/proc/${pid}/net/snmp`, "utf8"))?.[1]);
}

/** Milliseconds without a packet after which no more is waited for. */
const PATIENCE = 1000;

/** Until the receiver has read so many in all, or reads no more; gives how many they are. */
async function settled(pid: number, family: Family, wanted: number): Promise<number> {
  let [last, since] = [received(pid, family), performance.now()];
  while (last < wanted && performance.now() - since < PATIENCE) {
    await pause(1);
    const now = received(pid, family);
    if (now > last) [last, since] = [now, performance.now()];
  }
  return last;
}

/** A line without rules that forwards. */
export async function makeLine(): Promise<Line> {
  await sweep();
  const base = `flowmgr-packets-${process.pid}-${randomBytes(3).toString("hex")}`;
  const names = ["client", "router", "server"].map((role) => `${base}-${role}`);
  const [client = "", router = "", server = ""] = names;
  const talkers: Talker[] = [];
  const inside = (argv: readonly string[], stdin?: string) =>
    must(["ip", "netns", "exec", router, ...argv], stdin);
  for (const name of names) {
    namespaces.add(name);
    await must(["ip", "netns", "add", name]);
    for (const [path, value] of Object.entries(SETTINGS)) {
      await must(["ip", "netns", "exec", name, "tee", `/proc/sys/net/${path}`], value);
    }
  }
  for (const line of laying(client, router, server)) await must(["ip", ...line.split(" ")]);
  const sender = talker(client, 0, SENDER, []);
  const receivers = { 4: talker(server, 1, RECEIVER, ["4"]), 6: talker(server, 1, RECEIVER, ["6"]) };
  talkers.push(sender, receivers[4], receivers[6]);
  await Promise.all([receivers[4].next(), receivers[6].next()]);
  let family: Family = 4;
  return {
    router: inside,
    async aim(to, destinations) {
      family = to;
      await sender.ask(`aim ${to} ${destinations.join(" ")}`);
    },
    async send(seconds) {
      const { pid } = receivers[family];
      const before = received(pid, family);
      const [sent = 0, took = 0] = (await sender.ask(`send ${seconds}`)).split(" ").map(Number);
      const packets = (await settled(pid, family, before + sent)) - before;
      return { lost: sent - packets, nanoseconds: (1e9 * took) / packets };
    },
    async remove() {
      await Promise.all(talkers.map((one) => one.end()));
      for (const name of names) {
        await must(["ip", "netns", "delete", name]);
        namespaces.delete(name);
      }
    },
  };
}
