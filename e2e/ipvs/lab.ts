/**
 * What the tests share inside the virtual machine: the network of network.sh, a client, two real servers, and the
 * whole product on the machine's own network. All of it ends with the machine, so nothing is taken down.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectTo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { directorsSchema } from "../../packages/flow-api/src/index.ts";
import { answer } from "./answer.ts";

const root = join(import.meta.dirname, "../..");

/** Ports on which real servers answer, and this machine's own listener too: it must never be reached. */
const PORTS = [25, 110, 143];

const DATA = "/run/flowmgr";
const URL = "http://127.0.0.1:8080";

/** One address of the machine and one that nobody has, of each family. */
export const LOCAL = ["192.168.0.2", "fd00::2"] as const;
export const FOREIGN = ["198.51.100.25", "2001:db8::25"] as const;
export const ADDRESSES = [...LOCAL, ...FOREIGN];

/** Its only director has the first mark there is, 0x100, for which the services of the operations guide wait. */
export const MAIL = `flow mail director maildirect
  match proto tcp dst { ${ADDRESSES.join(", ")} } dstport { ${PORTS.join(", ")} }
`;
export const SENT = `outflow nat permit match proto tcp dst 192.168.1.10
outflow direct permit match proto tcp dst ${LOCAL[0]}
`;

/** What a program prints; throws with what it said when it fails. */
export function shell(text: string, namespace?: string): string {
  const [program = "", ...words] = [...enter(namespace), "sh", "-euc", text];
  return execFileSync(program, words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Without a namespace: the load balancer, which is the machine itself. */
const enter = (namespace?: string) => (namespace === undefined ? [] : ["ip", "netns", "exec", namespace]);

/** Code blocks below a heading of the operations guide, which are run here as they stand there. */
export function documented(heading: string): string[] {
  const guide = readFileSync(join(root, "docs/operations.md"), "utf8");
  const [, section = ""] = guide.split(`\n### ${heading}\n`);
  const [own = ""] = section.split(/\n#{2,} /);
  const blocks = [...own.matchAll(/```\w*\n([\s\S]*?)```/g)].map((found) => found[1] ?? "");
  if (blocks.length === 0) throw new Error(`the operations guide shows no commands under "${heading}"`);
  return blocks;
}

/** Starts a program in a namespace; resolves when it has printed a line that fits. */
async function started(fits: RegExp, argv: string[], namespace?: string): Promise<ChildProcess> {
  const [program = "", ...words] = [...enter(namespace), process.execPath, ...argv];
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit").then(() => {
    throw new Error(`${argv.join(" ")} ended before it was ready`);
  });
  const ready = new Promise<void>((resolve) => {
    createInterface(child.stdout).on("line", (line) => fits.test(line) && resolve());
  });
  await Promise.race([ready, ended]);
  ended.catch(() => undefined);
  return child;
}

const serve = () =>
  started(/#code=/, [
    ...[join(root, "apps/api/src/main.ts"), "serve", "--target", "host", "--yes"],
    // Nothing looks at the kernel but when a test asks.
    ...["--listen", "127.0.0.1:8080", "--data", DATA, "--drift-every", "3600"],
  ]);

/** SIGKILL, then the same program again on the same data; in between there is none. */
export async function killAndRestart(meanwhile: () => Promise<void>): Promise<void> {
  server.kill("SIGKILL");
  await once(server, "exit");
  await meanwhile();
  server = await serve();
}

/** The body of an answer that went well, for its schema to read; throws with the problem otherwise. */
export async function rest(method: string, path: string, text?: string): Promise<unknown> {
  const token = readFileSync(join(DATA, "admin-token"), "utf8").trim();
  const response = await fetch(`${URL}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(text === undefined ? {} : { "content-type": "text/plain" }),
    },
    ...(text === undefined ? {} : { body: text }),
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${body}`);
  return body === "" ? null : JSON.parse(body);
}

/** Puts a config into the kernel for good. */
export const put = (config: string): Promise<unknown> => rest("PUT", "/config", config);

/** Each line of the director's health as it is now: `ok service: IPVS has ...`. */
export async function health(): Promise<string[]> {
  await rest("GET", "/status?verify=true");
  const { directors } = directorsSchema.parse(await rest("GET", "/directors"));
  const director = directors.find(({ name }) => name === "maildirect");
  if (director === undefined) throw new Error("no director maildirect");
  return director.health.map(({ what, state, text }) => `${state} ${what}: ${text}`);
}

export type Connection = {
  /** Who answers: `real1 192.168.1.10 25`, the server with its own address and port. */
  who: string;
  /** Asks again; after so many bytes the same answer comes. */
  ask(bytes?: number): Promise<string>;
  close(): void;
};

/** A connection of the client's; rejects with the code of the error (`ECONNREFUSED`) or after ten seconds. */
export async function connection(address: string, port: number): Promise<Connection> {
  const socket = connectTo("/run/client");
  const reader = createInterface(socket).on("error", () => undefined);
  // A reader sees the end of what it reads from, but not that it was destroyed.
  socket.on("error", () => undefined).once("close", () => reader.close());
  const lines = reader[Symbol.asyncIterator]();
  const line = async () => {
    const timer = setTimeout(() => socket.destroy(), 10_000);
    const { value, done } = await lines.next();
    clearTimeout(timer);
    if (done) throw new Error(`${address} port ${port}: nobody answers`);
    return String(value);
  };
  socket.write(`${address} ${port}\n`);
  const said = await line();
  if (said !== "connected") throw new Error(said);
  const who = await line();
  return {
    who,
    async ask(bytes = 0) {
      socket.write(`send ${bytes}\n`);
      const answered = await line();
      if (answered.length !== bytes + who.length) throw new Error(`${answered.length} bytes came`);
      return answered.slice(bytes);
    },
    close: () => socket.destroy(),
  };
}

/** Who answers a connection of its own. */
export async function ask(address: string, port: number): Promise<string> {
  const { who, close } = await connection(address, port);
  close();
  return who;
}

/** Waits until the check holds; gives up after a minute with what it said last. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  const end = Date.now() + 60_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** Real servers take packets for every address; the load balancer lets in what its guide says and nothing else. */
function prepare(): void {
  const [, onRealServer = ""] = documented("Direct routing");
  for (const [ipv4, ipv6] of [LOCAL, FOREIGN]) {
    const commands = onRealServer
      .replaceAll(`${LOCAL[0]}/`, `${ipv4}/`)
      .replaceAll(`${LOCAL[1]}/`, `${ipv6}/`);
    for (const real of ["real1", "real2"]) shell(commands, real);
  }
  const [firewall = ""] = documented("Firewall");
  for (const tool of ["iptables", "ip6tables"]) {
    for (const chain of ["INPUT", "FORWARD"]) shell(`${tool} -P ${chain} DROP`);
    shell(`${tool} -A INPUT -i lo -j ACCEPT; ${tool} -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT`);
  }
  for (const type of [133, 134, 135, 136]) {
    shell(`ip6tables -A INPUT -p icmpv6 --icmpv6-type ${type} -j ACCEPT`);
  }
  shell(firewall);
}

shell(`sh ${join(import.meta.dirname, "network.sh")}`);
await answer("balancer", PORTS);
const ready = /^ready$/;
const here = (name: string) => join(import.meta.dirname, name);
let [server] = await Promise.all([
  serve(),
  started(ready, [here("door.ts"), "/run/client"], "client"),
  ...["real1", "real2"].map((name) => started(ready, [here("answer.ts"), name, ...PORTS.map(String)], name)),
]);
await put(MAIL + SENT);
prepare();
