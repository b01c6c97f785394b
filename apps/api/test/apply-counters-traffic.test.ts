/**
 * Every packet of a rule that stays as it is gets counted, once: over edits beside it, a roll-back, restarts of the
 * server, and SIGKILL in the middle of an apply, while a sender does not pause.
 *
 * The server is killed by its own tools at a restore: both families switch by their first, and sweep what they held
 * before by their second. `FLOWMGR_KILLS=all` kills before and after each of them; by default once when one family has
 * switched, and once when all is booked and nothing swept.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appliedSchema, countersSchema, runningSchema } from "@flowmgr/flow-api";
import { flowsOf } from "@flowmgr/flow-model";
import { KILL_SERVER } from "@flowmgr/kernel/testing";
import { expect, onTestFinished, test } from "vitest";
import { call, makePlace, type Place, tokenOf } from "./lab.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");

const KEPT = "match proto udp dst { 192.168.0.1, fd00::1 } dstport 1002";
const edits = [
  `flow x permit ${KEPT} match proto udp dstport 2001 flow y deny match proto tcp`,
  `flow x permit match proto udp dstport 2002 ${KEPT} flow y deny match proto tcp`,
  `flow z deny match proto tcp flow x permit match not iface { eth0, wg+ } dstport 2003 ${KEPT}`,
  `flow x permit ${KEPT} flow z deny match proto tcp`,
];

/** Sends to both families, without a pause, until its input ends; prints how many packets and bytes that were. */
const SENDER = `
use Socket qw(:all);
socket(my $four, AF_INET, SOCK_DGRAM, 0) or die; socket(my $six, AF_INET6, SOCK_DGRAM, 0) or die;
my @to = ([$four, pack_sockaddr_in(1002, inet_aton("192.168.0.1"))],
  [$six, pack_sockaddr_in6(1002, inet_pton(AF_INET6, "fd00::1"))]);
my ($all, $bytes) = (0, 0);
my $input = ""; vec($input, 0, 1) = 1;
until (select(my $ended = $input, undef, undef, 0)) {
  for (1..100) { for (0, 1) { if (send($to[$_][0], "x", 0, $to[$_][1])) { $all += 1; $bytes += $_ ? 49 : 29 } } }
}
print "$all $bytes";`;

function startSender({ namespace }: Place): () => Promise<{ packets: number; bytes: number }> {
  const child = spawn("ip", ["netns", "exec", `${namespace}-client`, "perl", "-e", SENDER]);
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stdout.on("data", (part) => (said += String(part)));
  const ended = new Promise((resolve) => child.once("close", resolve));
  return async () => {
    child.stdin.end();
    await ended;
    const [packets = 0, bytes = 0] = said.split(" ").map(Number);
    return { packets, bytes };
  };
}

/** The real command, as it is started in earnest; `tools`: a directory before all others of PATH. */
async function serve(place: Place, backend: string, tools: string) {
  const flags = ["--listen", "127.0.0.1:0", "--data", place.data, "--namespace", place.namespace];
  const child: ChildProcess = spawn(process.execPath, [MAIN, "serve", ...flags, "--backend", backend], {
    env: { ...process.env, PATH: `${tools}:${process.env.PATH}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    let said = "";
    const listen = (chunk: Buffer) => {
      said += chunk.toString("utf8");
      const found = /on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (found) resolve(found);
    };
    child.stdout?.on("data", listen);
    child.stderr?.on("data", listen);
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${said}`)));
  });
  const token = tokenOf(place);
  return {
    ended,
    call: (method: string, path: string, body?: unknown) => call(url, token, method, path, { body }),
    async end(signal: NodeJS.Signals) {
      child.kill(signal);
      await ended;
    },
  };
}

/**
 * A tool of iptables that runs `body`, which is shell, before it does what it should, in the namespace only.
 * Configs are tried in namespaces without a name.
 */
function wrap(bin: string, { namespace }: Place, tool: string, body: string): void {
  const lines = [
    "#!/bin/sh",
    `if [ "$(ip netns identify $$)" = ${namespace} ]; then ${body}; fi`,
    `exec /usr/sbin/${tool} "$@"`,
    "",
  ];
  writeFileSync(join(bin, tool), lines.join("\n"));
  chmodSync(join(bin, tool), 0o755);
}

/** Shell that kills the server at the `at`th call of a tool, before or after it has done what it should. */
function killing(bin: string, tool: string, at: number, when: "before" | "after"): string {
  const calls = join(bin, "calls");
  writeFileSync(calls, "");
  const kill = `${KILL_SERVER}; exit 1`;
  const then = when === "before" ? kill : `/usr/sbin/${tool} "$@"; ${kill}`;
  return `echo x >> ${calls}; if [ $(wc -l < ${calls}) = ${at} ]; then ${then}; fi`;
}

const ALL_KILLS = (["before", "after"] as const).flatMap((when) =>
  [1, 2].flatMap((at) => (["iptables", "ip6tables"] as const).map((tool) => ({ when, at, tool }))),
);
const isOfDefault = ({ when, at, tool }: (typeof ALL_KILLS)[number]) =>
  when === "before" && (tool === "iptables" ? at === 2 : at === 1);
const KILLS = process.env.FLOWMGR_KILLS === "all" ? ALL_KILLS : ALL_KILLS.filter(isOfDefault);

test.each(["nft", "legacy"])(
  "%s: no packet is lost and none counted twice",
  { timeout: 900_000 },
  async (backend) => {
    const place = makePlace();
    onTestFinished(() => place.remove());
    const bin = mkdtempSync(join(tmpdir(), "flowmgr-test-"));
    onTestFinished(() => rmSync(bin, { recursive: true, force: true }));
    let server = await serve(place, backend, bin);
    let next = 0;
    const edit = (query = "") => server.call("PUT", `/config${query}`, edits[next++ % edits.length]);
    const kept = async () => {
      const { flows } = (await server.call("GET", "/running/counters")).as(countersSchema);
      const { config } = (await server.call("GET", "/running")).as(runningSchema);
      const written = flowsOf(config).find(({ name }) => name === "x");
      const at = written?.rules.findIndex(({ conditions }) => conditions.dst !== undefined) ?? -1;
      const counted = flows.find(({ name }) => name === "x")?.rules.find(({ rule }) => rule === at + 1);
      if (counted === undefined) throw new Error("flow x has no such rule");
      return counted;
    };
    expect((await edit()).status).toBe(200);
    const { since } = await kept();
    const stop = startSender(place);
    for (let edited = 0; edited < edits.length; edited += 1) expect((await edit()).status).toBe(200);

    const { revision } = (await edit("?confirmWithin=600")).as(appliedSchema);
    expect((await server.call("POST", "/apply/revert", { revision })).status).toBe(200);

    await server.end("SIGTERM");
    server = await serve(place, backend, bin);
    await server.end("SIGKILL");
    server = await serve(place, backend, bin);

    for (const { tool, at, when } of KILLS) {
      const name = `${tool}-${backend}-restore`;
      wrap(bin, place, name, killing(bin, name, at, when));
      // The first is in force since the roll-back, and stays so.
      next += next % edits.length === 0 ? 1 : 0;
      await edit().catch(() => undefined);
      await server.ended;
      rmSync(join(bin, name));
      server = await serve(place, backend, bin);
    }

    const sent = await stop();
    const { packets, bytes, ...rest } = await kept();
    console.log(`${backend}: ${sent.packets} packets`);
    expect({ packets: packets - sent.packets, bytes: bytes - sent.bytes }).toEqual({ packets: 0, bytes: 0 });
    expect(rest.since).toBe(since);
    expect((rest.lastHit ?? "") > since).toBe(true);
    await server.end("SIGTERM");
  },
);
