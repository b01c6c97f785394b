/**
 * The real kernel for tests: network namespaces with random names that are gone afterwards, whatever happens, wires
 * into them, and real packets.
 *
 * Packets are injected by tcpreplay from a capture file that we write: a Debian package of the tests only, thousands
 * of packets of any kind in a few milliseconds, out of the far end of a wire, so that the kernel receives them as it
 * would from a network.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FramePacket, frames, sendLine } from "./frames.ts";
import { forgetLock } from "./lock.ts";
import { complaint, type Ran, type RunOptions, run, start, succeeded } from "./run.ts";
import { openTarget } from "./target.ts";
import { pcap } from "./testing/pcap.ts";
import { SEND } from "./wire.ts";

export { type FramePacket, UNTRACKED_DSCP } from "./frames.ts";
export { complaint, run, start, succeeded } from "./run.ts";
export { type Numbered, numbered } from "./testing/numbered.ts";

const PREFIX = "flowmgr-test";

/** In the shell of a program that a server has started, by its starter or itself: kills the server. */
export const KILL_SERVER = String.raw`kill -9 $(tr -d '\0' < /proc/$PPID/cmdline |
  sed -n 's/^flowmgr-starter of \([0-9]*\).*/\1/p' | grep . || echo $PPID)`;

/** Of each interface that `wire` makes. */
const HARDWARE_ADDRESS = Uint8Array.from([2, 0, 0, 0, 0, 1]);

export type TestNamespace = {
  readonly name: string;
  run(argv: readonly string[], options?: RunOptions): Promise<Ran>;
  /** What the command printed; throws when it fails. */
  must(argv: readonly string[], options?: RunOptions): Promise<string>;
  /** An interface that is up, with a far end from which packets are injected. */
  wire(name: string, addresses?: readonly string[]): Promise<void>;
  /** The packets come in by an interface made by `wire`, or by `lo`. */
  inject(iface: string, packets: readonly FramePacket[]): Promise<void>;
  /**
   * The packets come in by an interface made by `wire`, again and again as fast as the machine can, until the function
   * that this gives is called, or this process ends. That one tells how many were sent, and in how many seconds.
   */
  stream(iface: string, packets: readonly FramePacket[]): () => Promise<{ packets: number; seconds: number }>;
  /**
   * The packets are sent by the machine itself, to leave by an interface that there is; gives those that the kernel
   * did send: it refuses some destinations, before any rule sees them. A rule in raw must drop what does not carry
   * SENT_MARK.
   */
  send<P extends FramePacket>(iface: string, packets: readonly P[]): Promise<P[]>;
  /** Takes the namespace and all that belongs to it away. */
  remove(): Promise<void>;
};

/** An unused name for a namespace; it tells which process uses it, so that what a dead one left can be found. */
export function randomName(): string {
  return `${PREFIX}-${process.pid}-${randomBytes(4).toString("hex")}`;
}

/** An empty namespace with `lo` up. Give `remove` to the test's end before anything can fail. */
export async function makeNamespace(): Promise<TestNamespace> {
  await sweep();
  const name = randomName();
  const far = `${name}-far`;
  const files = mkdtempSync(join(tmpdir(), `${PREFIX}-`));
  for (const each of [name, far]) {
    await must(["ip", "netns", "add", each]);
    await must(["ip", "-n", each, "link", "set", "lo", "up"]);
  }
  // Nobody talks at the far end but us; and addresses inside answer at once.
  await setting(far, "ipv6/conf/default/disable_ipv6", "1");
  await setting(name, "ipv6/conf/default/accept_dad", "0");
  const farEnds = new Map<string, string>();
  const inside = (argv: readonly string[]) => ["ip", "netns", "exec", name, ...argv];
  return {
    name,
    run: (argv, options) => run(inside(argv), options),
    must: (argv, options) => must(inside(argv), options),
    async wire(iface, addresses = []) {
      const farEnd = `far${farEnds.size}`;
      farEnds.set(iface, farEnd);
      await must([
        // `name` and `dev`: an interface called "l" would be read as the word "link".
        ...["ip", "link", "add", "name", iface, "netns", name, "address", "02:00:00:00:00:01"],
        ...["type", "veth"],
        ...["peer", "name", farEnd, "netns", far],
      ]);
      for (const address of addresses) {
        await must(["ip", "-n", name, "address", "add", address, "dev", iface]);
      }
      await must(["ip", "-n", far, "link", "set", "dev", farEnd, "up"]);
      await must(["ip", "-n", name, "link", "set", "dev", iface, "up"]);
    },
    async inject(iface, packets) {
      if (packets.length === 0) return;
      const to = iface === "lo" ? new Uint8Array(6) : HARDWARE_ADDRESS;
      const file = join(files, "packets.pcap");
      writeFileSync(file, pcap(packets.flatMap((packet) => frames(packet, to))));
      const [where, by] = iface === "lo" ? [name, "lo"] : [far, farEnds.get(iface)];
      if (by === undefined) throw new Error(`no wire ${iface}`);
      await must(["ip", "netns", "exec", where, "tcpreplay", "--topspeed", "--quiet", "--intf1", by, file]);
    },
    stream(iface, packets) {
      const file = join(files, `${iface}.pcap`);
      writeFileSync(file, pcap(packets.flatMap((packet) => frames(packet, HARDWARE_ADDRESS))));
      const by = farEnds.get(iface);
      if (by === undefined) throw new Error(`no wire ${iface}`);
      return streamFrom(["ip", "netns", "exec", far, "sh", "-c", STREAMER, "sh", by, file]);
    },
    async send(iface, packets) {
      const sent = await must(inside(["perl", "-e", SEND, iface, String(SENT_MARK), "probe"]), {
        stdin: packets.map(sendLine).join(""),
      });
      const numbers = new Set(sent.split("\n").filter(Boolean).map(Number));
      return packets.filter((_, at) => numbers.has(at));
    },
    async remove() {
      rmSync(files, { recursive: true, force: true });
      await removeNamespace(name);
      await removeNamespace(far);
    },
  };
}

/** The bit of the mark that packets of `send` carry, by which a rule tells them from the kernel's own. */
export const SENT_MARK = 1;

/**
 * Ends with the input, so that no test leaves a sender behind. Asked until it ends: before tcpreplay has begun to listen
 * the signal is lost, since what a shell starts beside itself ignores it.
 */
const STREAMER = `tcpreplay --topspeed --preload-pcap --loop=0 --quiet --intf1 "$1" "$2" < /dev/null &
cat > /dev/null
while kill -INT $! && grep -q "^State:[[:space:]]*[RSD]" /proc/$!/status; do sleep 0.05; done
wait $!`;

function streamFrom(argv: readonly string[]): ReturnType<TestNamespace["stream"]> {
  const child = start(argv);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (said += String(part)));
  const ended = new Promise((resolve) => child.once("close", resolve));
  return async () => {
    child.stdin.end();
    await ended;
    const [, packets, seconds] = /^Actual: (\d+) packets .* sent in ([\d.]+) seconds/m.exec(said) ?? [];
    if (packets === undefined) throw new Error(`tcpreplay: ${said}`);
    return { packets: Number(packets), seconds: Number(seconds) };
  };
}

async function setting(namespace: string, path: string, value: string): Promise<void> {
  await must(["ip", "netns", "exec", namespace, "tee", `/proc/sys/net/${path}`], { stdin: value });
}

/** Removes a namespace, whoever made it, and the lock file of its target. */
async function removeNamespace(name: string): Promise<void> {
  if (existsSync(`/run/netns/${name}`)) await must(["ip", "netns", "delete", name]);
  forgetLock(openTarget({ kind: "namespace", name }));
}

/** Removes what test processes that are dead by now have left. */
async function sweep(): Promise<void> {
  if (!existsSync("/run/netns")) return;
  for (const name of readdirSync("/run/netns")) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    // Two sweepers may meet at the same name; the slower one has nothing to do.
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await run(["ip", "netns", "delete", name]);
  }
}

async function must(argv: readonly string[], options?: RunOptions): Promise<string> {
  const ran = await run(argv, options);
  if (!succeeded(ran)) throw new Error(`${argv.join(" ")}: ${complaint(ran)}`);
  return ran.stdout;
}
