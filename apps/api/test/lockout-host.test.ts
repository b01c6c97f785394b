/**
 * The guard before an apply on a real network: the server and its admin in two namespaces, a wire between them. What is
 * said to be cut off is, with real packets; what is offered as a mend mends.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  appliedSchema,
  type Lockout,
  planSchema,
  problemSchema,
  statusSchema,
  writtenDraftSchema,
} from "@flowmgr/flow-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ended, type Host, makeHost, type Served } from "./host.ts";

const HERE = "10.1.0.1";
const ADMIN = "10.1.0.7";
const OTHER = "10.1.0.8";
const PROXY = "10.1.0.9";

let host: Host;
let served: Served;
let client: string;
/** Programs in the namespaces, which end with the tests. */
const held: ChildProcess[] = [];

/** Starts a program in a namespace; resolves when it says something. */
async function hold(namespace: string, script: string, ...args: string[]): Promise<ChildProcess> {
  const argv = ["netns", "exec", namespace, process.execPath, "--input-type=module", "-e", script, ...args];
  const child = spawn("ip", argv, { stdio: ["pipe", "pipe", "inherit"] });
  held.push(child);
  const failed = once(child, "exit").then(() => Promise.reject(new Error("it ended before it was ready")));
  failed.catch(() => {});
  await Promise.race([once(child.stdout, "data"), failed]);
  return child;
}

const CALL = `
import { request } from "node:http";
const { url, method, headers, body, localAddress, patience } = JSON.parse(process.argv[1]);
const timer = setTimeout(() => { process.stdout.write("null"); process.exit(); }, patience);
const sent = request(url, { method, headers, localAddress, agent: false }, async (answer) => {
  const parts = [];
  for await (const part of answer) parts.push(part);
  const text = Buffer.concat(parts).toString();
  process.stdout.write(JSON.stringify({ status: answer.statusCode, headers: answer.headers, json: text ? JSON.parse(text) : null }));
  process.exit();
});
sent.on("error", (error) => { throw error; });
sent.end(body);`;

type Answer = { status: number; headers: Record<string, string>; json: unknown };

type Where = {
  inside?: true;
  address?: string;
  from?: string;
  headers?: Record<string, string>;
  patience?: number;
};

/** A call by the admin, or from inside over loopback; null when nobody answered in time. */
async function ask(method: string, path: string, body?: unknown, where: Where = {}): Promise<Answer | null> {
  const { inside, from, patience = 10_000 } = where;
  const address = where.address ?? (inside ? "127.0.0.1" : HERE);
  const isText = typeof body === "string";
  const asked = {
    url: `http://${address.includes(":") ? `[${address}]` : address}:8080/api/v1${path}`,
    method,
    headers: {
      Authorization: `Bearer ${readFileSync(join(host.data, "admin-token"), "utf8").trim()}`,
      ...(body === undefined ? {} : { "Content-Type": isText ? "text/plain" : "application/json" }),
      ...where.headers,
    },
    body: isText || body === undefined ? body : JSON.stringify(body),
    localAddress: from,
    patience,
  };
  const argv = [process.execPath, "--input-type=module", "-e", CALL, JSON.stringify(asked)];
  const child = spawn("ip", ["netns", "exec", inside ? host.namespace : client, ...argv]);
  const { status, said } = await ended(child);
  if (status !== 0) throw new Error(said);
  return JSON.parse(said);
}

/** Of a plan. */
function lockoutIn(plan: Answer | null): Lockout {
  const { lockout } = planSchema.parse(plan?.json);
  if (lockout === undefined) throw new Error("a plan without a lock-out");
  return lockout;
}

/** What an apply of a config would do to those who are guarded. */
async function lockoutOf(config: string, where: Where = {}): Promise<Lockout> {
  const answer = await ask("PUT", "/config?dryRun=true", config, where);
  expect(answer?.status, JSON.stringify(answer?.json)).toBe(200);
  return lockoutIn(answer);
}

const sentences = ({ findings }: Lockout, blocks = true) =>
  findings.filter((finding) => finding.blocks === blocks).map(({ sentence }) => sentence);

/** The rules that stand there, without comments and counts. */
const rules = () =>
  ["iptables-save", "ip6tables-save"]
    .flatMap((tool) => host.inside(tool, "-t", "mangle").split("\n"))
    .filter((line) => line.startsWith("-A"));

beforeAll(async () => {
  host = makeHost();
  client = `${host.namespace}-client`;
  mkdirSync(`/etc/netns/${host.namespace}`, { recursive: true });
  writeFileSync(`/etc/netns/${host.namespace}/resolv.conf`, `nameserver ${ADMIN}\n`);
  const ip = (...argv: string[]) => execFileSync("ip", argv);
  ip("netns", "add", client);
  ip("link", "add", "eth0", "netns", host.namespace, "type", "veth", "peer", "name", "eth0", "netns", client);
  const addresses = {
    [host.namespace]: [`${HERE}/24`, "fd01::1/64"],
    [client]: [`${ADMIN}/24`, `${OTHER}/24`, `${PROXY}/24`, "fd01::7/64"],
  };
  for (const [namespace, all] of Object.entries(addresses)) {
    for (const address of all) {
      ip(
        "-n",
        namespace,
        "address",
        "add",
        address,
        "dev",
        "eth0",
        ...(address.includes(":") ? ["nodad"] : []),
      );
    }
    ip("-n", namespace, "link", "set", "eth0", "up");
  }
  const flags = ["--listen", "[::]:8080", "--insecure-http", "--behind-proxy", PROXY];
  served = await host.served(host.command(["serve", "--yes", ...flags]));
}, 60_000);

afterAll(async () => {
  await served.stop();
  for (const child of held) child.stdin?.end();
  await Promise.all(held.map((child) => (child.exitCode === null ? once(child, "exit") : null)));
  execFileSync("ip", ["netns", "delete", client]);
  rmSync(`/etc/netns/${host.namespace}`, { recursive: true });
  host.remove();
});

describe("the admin's own connection", () => {
  const CUT = `flow kept permit match src ${OTHER}\nflow badnets deny match src 10.1.0.0/24\n`;

  it("is told before it is cut; cut, once that is accepted; and back when nobody confirms", async () => {
    const put = await ask("PUT", "/draft", CUT, { headers: { "If-Match": "*" } });
    const { etag } = writtenDraftSchema.parse(put?.json);
    const lockout = lockoutIn(await ask("GET", "/draft/plan"));
    expect(sentences(lockout)).toEqual([
      `your connection from ${ADMIN} to port 8080 would be denied by badnets, rule 1`,
    ]);
    expect(lockout.findings[0]?.sample.line).toContain(`${ADMIN}:`);
    expect(lockout.status).toBe("complete");

    const before = rules();
    const refused = await ask("POST", "/apply", { etag, confirmWithin: 8 });
    expect(refused?.status).toBe(422);
    expect(problemSchema.parse(refused?.json).diagnostics).toContainEqual(
      expect.objectContaining({ code: "lockout", severity: "error", flow: "badnets", rule: 1 }),
    );
    expect(rules()).toEqual(before);

    const applied = await ask("POST", "/apply", { etag, confirmWithin: 8, accept: ["lockout"] });
    expect(applied?.json).toMatchObject({ state: "unconfirmed" });
    expect(await ask("GET", "/status", undefined, { patience: 1000 })).toBeNull();
    const other = await ask("GET", "/status", undefined, { from: OTHER });
    expect(other?.json).toMatchObject({ state: "unconfirmed" });
    let back: Answer | null = null;
    while (back === null) back = await ask("GET", "/status", undefined, { patience: 1000 });
    expect(statusSchema.parse(back.json).state).not.toBe("unconfirmed");
    expect(rules().join("\n")).not.toContain("badnets");
  });

  it.each([
    [
      "a director",
      `flow web director web match proto tcp dst ${HERE} dstport 8080`,
      "your connection from 10.1.0.7 to port 8080 would be sent to director web by web, rule 1",
    ],
    [
      "a table",
      `flow away table 100 match src ${ADMIN}`,
      "your connection from 10.1.0.7 to port 8080 would be routed by table 100 by away, rule 1",
    ],
    [
      "what takes the answers",
      `outflow quiet deny match dst ${ADMIN}`,
      "the answers to your connection from 10.1.0.7 would be denied by quiet, rule 1",
    ],
  ])("%s counts", async (_, config, sentence) => {
    expect(sentences(await lockoutOf(config))).toContain(sentence);
    const refused = await ask("PUT", "/config", config);
    expect(refused?.status).toBe(422);
  });

  it("what belongs to another interface, or to somebody else, does not", async () => {
    const harmless = `flow spoofed deny match iface eth7 src 10.1.0.0/24\nflow a deny match src ${OTHER}\n`;
    expect(sentences(await lockoutOf(harmless))).toEqual([]);
    expect(sentences(await lockoutOf(harmless, { from: OTHER }))).toEqual([
      `your connection from ${OTHER} to port 8080 would be denied by a, rule 1`,
    ]);
  });

  it("by IPv6", async () => {
    const config = "flow six deny match src fd01::/64 proto tcp\n";
    expect(sentences(await lockoutOf(config))).toEqual([]);
    const { findings } = await lockoutOf(config, { address: "fd01::1" });
    expect(findings).toMatchObject([
      { sentence: "your connection from fd01::7 to port 8080 would be denied by six, rule 1", blocks: true },
    ]);
    const applied = await ask("PUT", "/config?confirmWithin=600&accept=lockout", config, {
      address: "fd01::1",
    });
    expect(applied?.status).toBe(200);
    expect(await ask("GET", "/status", undefined, { address: "fd01::1", patience: 1000 })).toBeNull();
    const { revision } = appliedSchema.parse(applied?.json);
    const reverted = await ask("POST", "/apply/revert", { revision });
    expect(reverted?.status).toBe(200);
    expect((await ask("GET", "/status", undefined, { address: "fd01::1" }))?.status).toBe(200);
  });

  it("over loopback is not known, and that is said; this page stays reachable all the same", async () => {
    const { findings, notes } = await lockoutOf("flow all deny match", { inside: true });
    expect(notes).toEqual([
      "You are connected over loopback: your own way to this machine is not known here.",
    ]);
    expect(findings.map(({ what, blocks }) => `${what} ${blocks}`)).toEqual(["admin true", "replies false"]);
  });

  it("behind a proxy it is the proxy's", async () => {
    const headers = { "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http" };
    const where = { from: PROXY, headers };
    const { findings, notes } = await lockoutOf("flow a deny match src 10.1.0.9", where);
    expect(findings.map(({ sentence }) => sentence)).toEqual([
      `the proxy's connection from ${PROXY} to port 8080 would be denied by a, rule 1`,
    ]);
    expect(notes).toEqual([
      `You are connected through the proxy ${PROXY}: your own way to it is not known here.`,
    ]);
    expect(sentences(await lockoutOf("flow a deny match src 203.0.113.9", where))).toEqual([]);
  });
});

describe("ssh", () => {
  const SSHD = `
import { createServer } from "node:net";
process.title = "sshd";
createServer(() => {}).listen(2222, "::", () => console.log("ready"));
process.stdin.resume().on("end", () => process.exit());`;
  const SESSION = `
import { connect } from "node:net";
connect({ port: 2222, host: process.argv[1], localAddress: process.argv[2] }, () => console.log("ready"));
process.stdin.resume().on("end", () => process.exit());`;

  it("is not closed to everybody, and keeps the sessions that are open", async () => {
    await hold(host.namespace, SSHD);
    const closed = "flow nossh deny match proto tcp dstport 2222\n";
    expect(sentences(await lockoutOf(closed))).toEqual([
      "every new connection to ssh on port 2222 would be denied by nossh, rule 1",
    ]);
    const office = `flow nossh deny\n  ignore src ${ADMIN}\n  match proto tcp dst ${HERE} dstport 2222\n`;
    expect(sentences(await lockoutOf(office))).toEqual([]);

    await hold(client, SESSION, HERE, OTHER);
    expect(sentences(await lockoutOf(office))).toEqual([
      `the ssh session from ${OTHER} would be denied by nossh, rule 2`,
    ]);
    const { findings } = await lockoutOf(office);
    const [{ fix } = { fix: null }] = findings;
    expect(fix?.before).toBe("nossh");
    expect(sentences(await lockoutOf(`${fix?.text}\n${office}`))).toEqual([]);
  });
});

describe("what the machine opens itself", () => {
  const ANSWERER = `
import { createSocket } from "node:dgram";
const socket = createSocket("udp4", (message, { port, address }) => socket.send(message, port, address));
socket.bind(53, "${ADMIN}", () => console.log("ready"));
process.stdin.resume().on("end", () => process.exit());`;
  const QUERY = `
import { createSocket } from "node:dgram";
const socket = createSocket("udp4", (message) => { console.log(String(message)); process.exit(); });
socket.connect(53, "${ADMIN}", () => socket.send("asked"));
setTimeout(() => { console.log("no answer"); process.exit(); }, 1000);`;
  const query = () => host.inside(process.execPath, "--input-type=module", "-e", QUERY).trim();
  const DENIES = `flow admin permit match src 10.1.0.0/24 proto tcp\nflow alltherest deny match\n`;

  it("gets its answers: what drops them is a warning, and the mend that is offered mends", async () => {
    await hold(client, ANSWERER);
    expect(query()).toBe("asked");
    const { findings } = await lockoutOf(DENIES);
    expect(findings.map(({ what, blocks }) => ({ what, blocks }))).toEqual([
      { what: "replies", blocks: false },
    ]);
    expect(findings[0]?.sentence).toContain(`answers of the name server ${ADMIN}`);
    expect(findings[0]?.sentence).toContain("would be denied by alltherest, rule 1");
    expect((await ask("PUT", "/config", DENIES))?.status).toBe(200);
    expect(query()).toBe("no answer");

    const fix = findings[0]?.fix;
    expect(fix?.before).toBe("alltherest");
    const mended = DENIES.replace("flow alltherest", `${fix?.text}\nflow alltherest`);
    expect((await lockoutOf(mended)).findings).toEqual([]);
    expect((await ask("PUT", "/config", mended))?.status).toBe(200);
    expect(query()).toBe("asked");
  });
});
