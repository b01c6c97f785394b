/** A real server, the namespace and the data directory that it works on, and looks at both that do not ask it. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { stateSchema } from "../../src/apply/machine.ts";
import { type Answer, type CallOptions, call, inNamespace, tokenOf } from "../lab.ts";
import { type Boundaries, makeBoundaries } from "./boundaries.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

export type Server = { url: string; child: ChildProcess; ended: Promise<void> };

export type Scene = {
  backend: "nft" | "legacy";
  boundaries: Boundaries;
  /** The real command. Null when it was killed before it listened; throws when it ended by itself. */
  serve(): Promise<Server | null>;
  /** Null when the connection broke. */
  call(server: Server, method: string, path: string, options?: CallOptions): Promise<Answer | null>;
  kill(server: Server): Promise<void>;
  killAll(): Promise<void>;
  /** All rules, sets, ip rules and routes of both families, without counters and times. */
  kernel(): string;
  inside(...argv: string[]): string;
  /** The state of applying as it stands on disk. */
  onDisk(): ReturnType<(typeof stateSchema)["parse"]>;
  remove(): Promise<void>;
};

/** Where a data directory is, for the server and for us, and the words by which the server is started there. */
export type Disk = { inside: string; outside: string; through: string[] };

function ownDirectory(): Disk {
  const directory = mkdtempSync(join(tmpdir(), "flowmgr-kill-data-"));
  return { inside: directory, outside: directory, through: [] };
}

/** A namespace without anything in it but `lo`; its name. */
export function emptyNamespace(): string {
  const name = `flowmgr-kill-${process.pid}-${randomBytes(4).toString("hex")}`;
  execFileSync("ip", ["netns", "add", name]);
  execFileSync("ip", ["-n", name, "link", "set", "lo", "up"]);
  return name;
}

export function makeScene(
  backend: Scene["backend"],
  namespace = emptyNamespace(),
  disk: Disk = ownDirectory(),
): Scene {
  const boundaries = makeBoundaries();
  const place = { namespace, data: disk.outside, remove: async () => undefined };
  const servers: Server[] = [];
  const kill = async ({ child, ended }: Server) => {
    child.kill("SIGKILL");
    await ended;
  };
  const killAll = async () => {
    for (const server of servers.splice(0)) await kill(server);
  };
  const look = (tool: string, family: string) =>
    `${tool}-${backend}-save; ip ${family} rule; ip ${family} route show table all`;
  return {
    backend,
    boundaries,
    async serve() {
      const flags = ["--listen", "127.0.0.1:0", "--data", disk.inside, "--namespace", namespace];
      // A look at the kernel in between would be commands that the other run has not.
      flags.push("--drift-every", "3600");
      const node = [process.execPath, ...boundaries.nodeFlags, MAIN, "serve", ...flags];
      const [program = "", ...argv] = [...disk.through, ...node, "--backend", backend];
      const server = await started(spawn(program, argv, { env: boundaries.env }));
      if (server) servers.push(server);
      return server;
    },
    call: (server, method, path, options) =>
      call(server.url, tokenOf(place), method, path, options).catch(() => null),
    kill,
    killAll,
    kernel: () =>
      plain(inNamespace(namespace, "sh", "-c", `${look("iptables", "-4")}; ${look("ip6tables", "-6")}`)),
    inside: (...argv) => inNamespace(namespace, ...argv),
    onDisk() {
      const db = new DatabaseSync(join(disk.outside, "flowmgr.db"), { readOnly: true });
      const row = db.prepare("SELECT state FROM applying").get();
      db.close();
      return stateSchema.parse(JSON.parse(String(row?.state)));
    },
    async remove() {
      await killAll();
      if (existsSync(`/run/netns/${namespace}`)) execFileSync("ip", ["netns", "delete", namespace]);
      rmSync(`/run/flowmgr/namespace-${namespace}.lock`, { force: true });
      rmSync(disk.outside, { recursive: true, force: true });
      boundaries.remove();
    },
  };
}

function started(child: ChildProcess): Promise<Server | null> {
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return new Promise((resolve, reject) => {
    let said = "";
    const listen = (chunk: Buffer) => {
      said += chunk.toString("utf8");
      const url = /on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (url) resolve({ child, url, ended });
    };
    child.stdout?.on("data", listen);
    child.stderr?.on("data", listen);
    child.once("exit", (code, signal) => {
      if (signal === "SIGKILL") resolve(null);
      else reject(new Error(`the server ended with ${code}: ${said}`));
    });
  });
}

const plain = (text: string): string => text.replace(/^#.*\n/gm, "").replace(/\[\d+:\d+\]/g, "[0:0]");
