/** A machine for `--target host`: a network namespace in which the command and its clients run. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const MAIN = join(import.meta.dirname, "../src/main.ts");

export type Ended = { status: number | null; said: string };

/** How a command ended, and all that it said. */
export function ended(child: ChildProcess): Promise<Ended> {
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part) => (said += String(part)));
  return new Promise((resolve) => child.once("close", (status) => resolve({ status, said })));
}

export type Served = {
  /** All that it had said when it was ready. */
  said: string;
  end: Promise<Ended>;
  /** SIGTERM, or another. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
};

export type Host = {
  namespace: string;
  data: string;
  /** What a command printed there; throws when it fails. */
  inside(...argv: string[]): string;
  /** Starts the program there, with nobody at the terminal; `before`: words in front of it. */
  command(argv: string[], before?: string[]): ChildProcess;
  /** Runs the program there to its end. */
  run(argv: string[], before?: string[]): Promise<Ended>;
  /** The same at a terminal; `typed` once it asks. */
  atTerminal(argv: string[], typed: string): ChildProcess;
  /** Waits until a server listens, or throws with what it said when it ends before. */
  served(child: ChildProcess): Promise<Served>;
  /** Puts a config into force from there, and gives the answer as JSON; throws what a refusal said. */
  put(config: string, query?: string): unknown;
  /** As after a reboot: nothing in the kernel, no interface up; what is on disk stays. */
  reboot(): void;
  remove(): void;
};

const PUT = `
const [url, token, body] = process.argv.slice(1);
const headers = { Authorization: "Bearer " + token, "Content-Type": "text/plain" };
const answer = await fetch(url, { method: "PUT", headers, body });
process.stdout.write(await answer.text());
process.exitCode = answer.ok ? 0 : 1;`;

export function makeHost(): Host {
  const namespace = `flowmgr-host-${process.pid}-${randomBytes(3).toString("hex")}`;
  const data = mkdtempSync(join(tmpdir(), "flowmgr-host-"));
  const there = (argv: string[]) => ["netns", "exec", namespace, ...argv];
  const words = (argv: string[]) => [process.execPath, MAIN, ...argv, "--target", "host", "--data", data];
  const inside = (...argv: string[]) => execFileSync("ip", there(argv), { encoding: "utf8" });
  const boot = () => execFileSync("ip", ["netns", "add", namespace]);
  const command = (argv: string[], before: string[] = []) =>
    spawn("ip", there([...before, ...words(argv)]), { stdio: ["ignore", "pipe", "pipe"] });
  boot();
  execFileSync("ip", ["-n", namespace, "link", "set", "lo", "up"]);
  return {
    namespace,
    data,
    inside,
    command,
    run: (argv, before) => ended(command(argv, before)),
    atTerminal(argv, typed) {
      const child = spawn("ip", there(["script", "-qec", words(argv).join(" "), "/dev/null"]));
      child.stdout.on("data", (part) => {
        if (String(part).includes("Type yes")) child.stdin.write(typed);
      });
      return child;
    },
    served(child) {
      const end = ended(child);
      return new Promise((resolve, reject) => {
        let said = "";
        const stop = (signal: NodeJS.Signals = "SIGTERM") => {
          child.kill(signal);
          return end;
        };
        for (const stream of [child.stdout, child.stderr]) {
          stream?.on("data", (part) => {
            said += String(part);
            if (said.includes("/#code=")) resolve({ said, end, stop });
          });
        }
        void end.then((all) => reject(new Error(`it ended: ${JSON.stringify(all)}`)));
      });
    },
    put(config, query = "") {
      const token = readFileSync(join(data, "admin-token"), "utf8").trim();
      const url = `http://127.0.0.1:8080/api/v1/config${query}`;
      return JSON.parse(inside(process.execPath, "--input-type=module", "-e", PUT, url, token, config));
    },
    reboot() {
      execFileSync("ip", ["netns", "delete", namespace]);
      boot();
    },
    remove() {
      execFileSync("ip", ["netns", "delete", namespace]);
      rmSync(data, { recursive: true, force: true });
    },
  };
}
