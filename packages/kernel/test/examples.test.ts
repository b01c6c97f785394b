/** The five examples of the language's page in the small world, with real traffic from both sides. */

import { FIVE_EXAMPLES as EXAMPLES } from "@flowmgr/flow-model/examples";
import { describe, expect, onTestFinished, test } from "vitest";
import { ensureWorld, openKernel, removeWorld } from "../src/index.ts";
import { complaint, run, start, succeeded } from "../src/run.ts";
import { randomName } from "../src/testing.ts";
import { BACKENDS, OPTIONS, program, scratch } from "./lab.ts";

/** A connection is refused or made at once; one that is dropped is given up after this many milliseconds. */
const DROPPED = 700;
const PATIENCE = 10_000;

const LISTEN = `
const net = require("net"), dgram = require("dgram");
let open = 5;
const ready = () => { if (--open === 0) console.log("ready"); };
for (const port of [22, 25, 110, 143]) net.createServer((s) => s.on("error", () => undefined).end("hello")).listen(port, "0.0.0.0", ready);
const dns = dgram.createSocket("udp4");
dns.on("message", (m, from) => dns.send(m, from.port, from.address));
dns.bind(53, ready);
process.stdin.resume().on("end", () => process.exit());`;

const CONNECT = `
const [host, port, limit] = process.argv.slice(1);
const socket = require("net").connect({ host, port: Number(port) });
socket.on("connect", () => { console.log("connected"); process.exit(); });
socket.on("error", (error) => { console.log(error.code); process.exit(); });
setTimeout(() => { console.log("dropped"); process.exit(); }, Number(limit));`;

const ASK = `
const [host, port, limit] = process.argv.slice(1);
const socket = require("dgram").createSocket("udp4");
socket.on("message", () => { console.log("answered"); process.exit(); });
socket.on("error", () => undefined);
const send = () => socket.send("question", Number(port), host);
send(); setInterval(send, 200);
setTimeout(() => { console.log("dropped"); process.exit(); }, Number(limit));`;

async function must(argv: string[]): Promise<string> {
  const ran = await run(argv);
  if (!succeeded(ran)) throw new Error(complaint(ran));
  return ran.stdout;
}

const inside = (namespace: string, ...argv: string[]) => ["ip", "netns", "exec", namespace, ...argv];

async function node(namespace: string, script: string, ...words: string[]): Promise<string> {
  return (await must(inside(namespace, process.execPath, "-e", script, ...words))).trim();
}

/** `limit`: short where a drop is expected, so that the test does not sit through it. */
const tcp = (from: string, host: string, port: number, limit: number) =>
  node(from, CONNECT, host, String(port), String(limit));
const udp = (from: string, host: string, port: number, limit: number) =>
  node(from, ASK, host, String(port), String(limit));

const ping = async (from: string, ...words: string[]) =>
  succeeded(await run(inside(from, "ping", "-n", "-c", "1", "-W", "5", ...words)));
const pingIsDropped = async (from: string, ...words: string[]) =>
  !succeeded(await run(inside(from, "ping", "-n", "-c", "1", "-W", "1", ...words)));

async function makeWorld(backend: "nft" | "legacy") {
  const name = randomName();
  onTestFinished(async () => void (await removeWorld(name)));
  await ensureWorld(name);
  const kernel = await openKernel({
    target: { kind: "namespace", name },
    backend,
    ipv6: true,
    dataDir: scratch(),
  });
  return { name, client: `${name}-client`, server: `${name}-server`, kernel };
}

async function listen(namespace: string): Promise<void> {
  const child = start(inside(namespace, process.execPath, "-e", LISTEN));
  onTestFinished(() => {
    child.stdin.end();
  });
  await new Promise((resolve, reject) => {
    child.stdout.once("data", resolve);
    child.once("close", () => reject(new Error("the listeners did not start")));
  });
}

describe.each(BACKENDS)("%s", (backend) => {
  test("each example does what the page says", async () => {
    const { name, client, server, kernel } = await makeWorld(backend);
    await listen(name);
    // Others' rules behind ours, to see the mark of what comes to the machine.
    await must(inside(name, `iptables-${backend}`, "-A", "INPUT", "-m", "mark", "--mark", "0x100"));
    const wanted = program(EXAMPLES);
    await kernel.apply(wanted);

    expect(await tcp(client, "192.168.0.1", 22, PATIENCE)).toBe("connected");
    expect(await tcp(server, "192.168.0.1", 22, DROPPED)).toBe("dropped");
    expect(await udp(client, "192.168.0.1", 53, PATIENCE)).toBe("answered");
    expect(await udp(server, "192.168.0.1", 53, PATIENCE)).toBe("answered");
    expect(await udp(client, "192.168.0.2", 53, DROPPED)).toBe("dropped");
    expect(await ping(client, "192.168.0.1")).toBe(true);
    expect(await pingIsDropped(client, "192.168.0.2")).toBe(true);
    expect(await pingIsDropped(server, "192.168.0.1")).toBe(true);
    // The answer to a ping of our own comes in from anywhere, to 192.168.0.1 only.
    expect(await ping(name, "-I", "192.168.0.1", "192.168.1.10")).toBe(true);
    expect(await pingIsDropped(name, "-I", "192.168.1.1", "192.168.1.10")).toBe(true);
    for (const port of [25, 110, 143]) {
      expect(await tcp(server, "192.168.0.2", port, PATIENCE)).toBe("connected");
    }
    expect(await tcp(client, "192.168.0.2", 22, DROPPED)).toBe("dropped");
    // Loopback goes on.
    expect(await tcp(name, "127.0.0.1", 22, PATIENCE)).toBe("connected");

    const marked = await must(inside(name, `iptables-${backend}-save`, "-c", "-t", "filter"));
    const counts = new Map(
      (await kernel.counters(wanted)).map(({ source, packets }) => [
        `${source.flow} ${source.rule}`,
        packets,
      ]),
    );
    const mail = [1, 2, 3].map((rule) => counts.get(`mail ${rule}`) ?? 0);
    expect(mail.every((packets) => packets > 0)).toBe(true);
    // Every packet of these connections, and no other, carries the mark.
    expect(marked).toContain(`[${mail.reduce((sum, each) => sum + each)}:`);
    for (const rule of ["ssh 1", "ssh 2", "dns 1", "ping 1", "ping 3", "alltherest 1"]) {
      expect([rule, counts.get(rule)]).toEqual([rule, expect.any(Number)]);
      expect(counts.get(rule)).toBeGreaterThan(0);
    }
  });

  test("IPv6 neighbours are found under alltherest", async () => {
    const { name, client, kernel } = await makeWorld(backend);
    const six = "flow six permit match proto icmp6 dst fd00::1 icmptype 128";
    await kernel.apply(program(`${six}\n${EXAMPLES}`));
    const flush = async () => {
      for (const each of [name, client]) await must(inside(each, "ip", "-6", "neigh", "flush", "all"));
    };
    await flush();
    expect(await ping(client, "fd00::1")).toBe(true);
    // To the letter, the question who has the address is dropped with the rest.
    await kernel.apply(program(`${six}\n${EXAMPLES}`, { ...OPTIONS, neighbours: "judge" }));
    await flush();
    expect(await pingIsDropped(client, "fd00::1")).toBe(true);
  });
});
