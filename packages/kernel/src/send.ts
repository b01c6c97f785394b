/**
 * A real packet for the rules in force to judge: a hand beside the five verbs, which changes no rule. It goes into the
 * private namespace where we made the wires, else into an empty one with the same rules.
 *
 * That a rule counted this packet and no other is told by its length, which is given by chance: each rule whose counter
 * grew has to have counted exactly one packet of exactly this length, and where none grew, our jump that all packets of
 * a direction take. Where others were counted too, as answers are that come in again by `lo`, nothing is said, and the
 * packet is sent again in the empty namespace, where all that is judged is dropped behind our rules.
 */
import { randomInt } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { delta, OWN_CHAINS, type Program, type Source } from "@flowmgr/flow-compiler";
import { type Capabilities, findCapabilities, type Tools } from "./capabilities.ts";
import { countRules, linesIn } from "./counters.ts";
import { nothingChanged, telling } from "./errors.ts";
import { type FramePacket, frames, sendLine } from "./frames.ts";
import type { Facts, Tally } from "./kernel.ts";
import { isOurHook } from "./ours.ts";
import { complaint, type Ran, run, succeeded } from "./run.ts";
import { jumpOf } from "./save.ts";
import { readTables } from "./saved-tables.ts";
import { putSets } from "./sets.ts";
import { inEmptyNamespace, openTarget, type Target } from "./target.ts";
import { INJECT, SEND } from "./wire.ts";
import { farEndOf } from "./world.ts";

export type SentPacket = FramePacket & { direction: "in" | "out"; iface: string };

/** What the rules counted of one packet. */
export type Judged = {
  /** Why it went through an empty namespace with the same rules and interface; null: through the target itself. */
  apart: Apart | null;
  /** Did it come as far as our jump? */
  arrived: boolean;
  /** The rules whose counters grew by it, `ignore` too, in the order of the program. */
  counted: Source[];
};

/**
 * asked: by the caller; interface: not one of ours; company: others were counted at the same time; unsent: the kernel
 * there does not send it (no route); lost: it was sent there, and our jump did not count it.
 */
export type Apart = "asked" | "interface" | "company" | "unsent" | "lost";

export type Sender = {
  /**
   * Sends one packet of a family that the program judges. `apart`: in any case through the empty namespace, since the
   * other one remembers connections. Throws KernelError when a tool fails, NoPerl without perl.
   */
  send(program: Program, packet: SentPacket, apart: boolean): Promise<Judged>;
};

/** Packets are sent by perl, and there is none. */
export class NoPerl extends Error {
  override name = "NoPerl";
}

export type SenderOptions = {
  /** Of the target; `openKernel` has been there. */
  namespace: string;
  backend: Facts["backend"];
  ipv6: boolean;
};

/** A sender for a private namespace. Nothing happens before the first packet. */
export function openSender({ namespace, backend, ipv6 }: SenderOptions): Sender {
  const target = openTarget({ kind: "namespace", name: namespace });
  let found: Promise<Capabilities> | null = null;
  const tools = async (family: 4 | 6) => {
    found ??= findCapabilities(target, backend, ipv6);
    const { ip, ip6 } = await found.catch((error) => {
      found = null;
      throw error;
    });
    if (family === 4) return ip;
    if (ip6 === null) throw new Error("IPv6 is not judged here");
    return ip6;
  };
  return {
    async send(program, packet, apart) {
      await mustHavePerl();
      return nothingChanged(async () => {
        const known = { ...packet, padding: randomInt(PADDING) };
        const asked: Asked = { tools: await tools(packet.family), program, packet: known };
        const inTarget = apart ? "asked" : await sendInto(namespace, target, asked);
        if (typeof inTarget === "object") return { apart: null, arrived: true, ...inTarget };
        const inCopy = await sendIntoCopy(asked);
        if (inCopy === "company") throw new Error("in an empty namespace more than one packet was counted");
        const seen = typeof inCopy === "object" ? inCopy : { counted: [] };
        return { apart: inTarget, arrived: seen === inCopy, ...seen };
      });
    },
  };
}

/** By so many lengths a packet is known again; the longest is well below every MTU. */
const PADDING = 400;

async function mustHavePerl(): Promise<void> {
  const ran = await run(["perl", "-e", "use Socket;"]);
  if (!succeeded(ran)) throw new NoPerl(complaint(ran));
}

type Asked = { tools: Tools; program: Program; packet: SentPacket };

type Counted = Pick<Judged, "counted">;

async function sendInto(
  namespace: string,
  target: Target,
  asked: Asked,
): Promise<Counted | Exclude<Apart, "asked">> {
  const { packet } = asked;
  const far = await farEndOf(namespace, packet.iface);
  if (far === null) return "interface";
  if (packet.direction === "out") return measured(target, asked, () => leave(target, packet, 0));
  const to = await hardwareAddress(target, packet.iface);
  return measured(target, asked, () => inject(far.target, far.device, to, packet));
}

/** In a namespace that holds nothing but the program, the interface, and an end of it that nobody listens at. */
async function sendIntoCopy(asked: Asked): ReturnType<typeof measured> {
  return inEmptyNamespace(async (copy) => {
    const { packet } = asked;
    const far = await makeInterface(copy, packet.iface);
    await load(copy, asked);
    if (packet.direction === "out") return measured(copy, asked, () => leave(copy, packet, COPY_MARK));
    const to = await hardwareAddress(copy, packet.iface);
    return measured(copy, asked, () => inject(copy, far, to, packet));
  });
}

/** By which what is sent is told from what the kernel says on its own, neighbour discovery and such. */
const COPY_MARK = 1;

/** The interface, up; gives the device by which packets come to it. */
async function makeInterface(copy: Target, iface: string): Promise<string> {
  await settings(copy, { "ipv6/conf/default/accept_dad": "0" });
  const far = iface === "far0" ? "far1" : "far0";
  const wire =
    iface === "lo"
      ? []
      : [
          // `name` and `dev`: an interface called "l" would be read as the word "link".
          `link add name ${iface} type veth peer name ${far}`,
          `link set dev ${iface} up`,
        ];
  await must(copy, ["ip", "-batch", "-"], ["link set dev lo up", ...wire].join("\n"));
  if (iface !== "lo") {
    // The far end is deaf: what leaves does not come in again.
    await settings(copy, { [`ipv6/conf/${far}/disable_ipv6`]: "1" });
    await must(copy, ["ip", "link", "set", "dev", far, "up"]);
  }
  // IPv6 sends nothing by an interface to which no route leads.
  const routes = [
    ["::/0", "main"],
    ["ff00::/8", "local"],
  ].map(([to, table]) => `route append ${to} dev ${iface} table ${table} metric 9000`);
  await copy.run(["ip", "-6", "-batch", "-"], { stdin: `${routes.join("\n")}\n` });
  return iface === "lo" ? "lo" : far;
}

/** What a machine without IPv6 does not have is left as it is. */
async function settings(copy: Target, values: { [path: string]: string }): Promise<void> {
  for (const [path, value] of Object.entries(values)) {
    await copy.run(["tee", `/proc/sys/net/${path}`], { stdin: value });
  }
}

/** Milliseconds, as for a check: 10 000 flows take five seconds. */
const LOAD_LIMIT = 120_000;

/** The program, and behind it an end to everything that it has judged: nothing is answered, nothing leaves. */
async function load(copy: Target, { tools, program }: Asked): Promise<void> {
  const nothing = { chains: [], hooks: [], ipRules: [], routes: [] };
  const part = delta({ ip: nothing, ip6: program.ip6 === null ? null : nothing }, program)[tools.family];
  const ends = ["INPUT", "FORWARD", "POSTROUTING"].map((chain) => `:${chain} DROP [0:0]\n`).join("");
  const only = `-I OUTPUT -m mark ! --mark ${COPY_MARK}/${COPY_MARK} -j DROP\n`;
  const stdin = `${part?.restore ?? ""}*mangle\n${ends}${only}COMMIT\n`;
  await putSets(copy, program.sets ?? []);
  const ran = await copy.run(tools.restore, { stdin, limit: LOAD_LIMIT });
  if (!succeeded(ran)) throw new Error(telling(ran));
}

/** Milliseconds of waiting for a packet that is on its way: it takes less than one on a machine that has time. */
const WAITS = [0, 5, 20, 100, 300, 800];

/** What counted exactly this packet. `send` gives whether it was sent. */
async function measured(
  target: Target,
  asked: Asked,
  send: () => Promise<boolean>,
): Promise<Counted | "company" | "unsent" | "lost"> {
  const before = await read(target, asked);
  const wasSent = await send();
  let after = before;
  for (const wait of wasSent ? WAITS : [0]) {
    await pause(wait);
    after = await read(target, asked);
    if (after.hook.packets > before.hook.packets) break;
  }
  if (after.hook.packets === before.hook.packets) return wasSent ? "lost" : "unsent";
  // The packet may have been between our jump and its rule just now.
  after = await read(target, asked);
  const length = lengthOf(asked.packet);
  const isIt = ({ packets, bytes }: Tally) => packets === 1 && bytes === length;
  const old = new Map(before.rules.map((rule) => [keyOf(rule.source), rule]));
  const grown = after.rules.flatMap((rule) => {
    const more = less(rule, old.get(keyOf(rule.source)) ?? { packets: 0, bytes: 0 });
    return more.packets === 0 ? [] : [{ source: rule.source, more }];
  });
  // Those that no rule takes, neighbour discovery above all, say nothing about a packet that some rule took.
  const whole = grown.length > 0 ? grown.map(({ more }) => more) : [less(after.hook, before.hook)];
  return whole.every(isIt) ? { counted: grown.map(({ source }) => source) } : "company";
}

const keyOf = ({ flow, rule }: Source): string => `${flow} ${rule}`;

const less = (one: Tally, other: Tally): Tally => ({
  packets: one.packets - other.packets,
  bytes: one.bytes - other.bytes,
});

/** Of the whole packet, as the kernel counts it: from the IP header on. */
const lengthOf = (packet: SentPacket): number => frame(packet, NOBODY).length - 14;

type Reading = { hook: Tally; rules: (Tally & { source: Source })[] };

/** What our jump of the packet's direction has counted, and each rule. */
async function read(target: Target, { tools, program, packet }: Asked): Promise<Reading> {
  const { mangle } = await readTables(target, tools, "mangle");
  const [chain, main] =
    packet.direction === "in" ? ["PREROUTING", OWN_CHAINS.flows] : ["OUTPUT", OWN_CHAINS.outflows];
  const hooks = (mangle.chains.get(chain)?.rules ?? []).filter(
    ({ words }) => isOurHook(words) && jumpOf(words) === main,
  );
  const hook = { packets: 0, bytes: 0 };
  for (const { packets, bytes } of hooks) {
    hook.packets += packets;
    hook.bytes += bytes;
  }
  return {
    hook,
    rules: countRules(linesIn(mangle, tools.family, program[tools.family]?.chains ?? []), program),
  };
}

/** The hardware address of an interface, by which what is sent to it is its own. */
async function hardwareAddress(target: Target, iface: string): Promise<string> {
  const said = await must(target, ["ip", "-json", "link", "show", "dev", iface]);
  return /"address":"([0-9a-f:]{17})"/.exec(said)?.[1] ?? NOBODY;
}

const NOBODY = "00:00:00:00:00:00";

function frame(packet: SentPacket, to: string): Buffer {
  const [only = Buffer.alloc(0)] = frames(packet, Buffer.from(to.replaceAll(":", ""), "hex"));
  return only;
}

/** It comes in at what stands at the other end of the device. */
async function inject(target: Target, device: string, to: string, packet: SentPacket): Promise<true> {
  await must(target, ["perl", "-e", INJECT, device], `${frame(packet, to).toString("hex")}\n`);
  return true;
}

/** It is sent from there; false when the kernel refused that, maybe before a rule saw it. */
async function leave(target: Target, packet: SentPacket, mark: number): Promise<boolean> {
  const sent = await must(target, ["perl", "-e", SEND, packet.iface, String(mark)], sendLine(packet));
  return sent !== "";
}

async function must(target: Target, argv: readonly string[], stdin = ""): Promise<string> {
  const ran: Ran = await target.run(argv, { stdin });
  if (!succeeded(ran)) throw new Error(complaint(ran));
  return ran.stdout;
}
