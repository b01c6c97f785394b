/** What the tests of this package share: a namespace, a kernel that works on it, configs, and broken tools. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assignMarks, type CompileOptions, compile, type Marks, type Program } from "@flowmgr/flow-compiler";
import { checkText } from "@flowmgr/flow-model";
import { expect, onTestFinished } from "vitest";
import { type Kernel, openKernel } from "../src/index.ts";
import { run } from "../src/run.ts";
import { makeNamespace, type TestNamespace } from "../src/testing.ts";

export const BACKENDS = ["nft", "legacy"] as const;
export type Backend = (typeof BACKENDS)[number];

export const OPTIONS: CompileOptions = {
  ipv6: true,
  markMask: 0xff00,
  loopback: "spare",
  neighbours: "spare",
  jump: "first",
  defragment: "on",
};

/** A directory that is gone after the test. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "flowmgr-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

// The lock of xtables is shared by all namespaces of a machine; our namespaces have nothing to do with it.
const locks = mkdtempSync(join(tmpdir(), "flowmgr-test-"));
process.env.XTABLES_LOCKFILE = join(locks, "xtables.lock");
process.on("exit", () => rmSync(locks, { recursive: true, force: true }));

export type Lab = {
  ns: TestNamespace;
  backend: Backend;
  dataDir: string;
  kernel: Kernel;
  /** Another process, as it were: the same target and data. */
  reopen(): Promise<Kernel>;
  iptables: string;
  ip6tables: string;
};

/** An empty namespace and a kernel for it, gone after the test. */
export async function makeLab(backend: Backend, options: { ipv6?: boolean } = {}): Promise<Lab> {
  const ns = await makeNamespace();
  onTestFinished(() => ns.remove());
  const dataDir = scratch();
  const reopen = () =>
    openKernel({
      target: { kind: "namespace", name: ns.name },
      backend,
      ipv6: options.ipv6 ?? true,
      dataDir,
    });
  const kernel = await reopen();
  return {
    ns,
    backend,
    dataDir,
    kernel,
    reopen,
    iptables: `iptables-${backend}`,
    ip6tables: `ip6tables-${backend}`,
  };
}

/** The program of a config in text; a config with errors fails the test. */
export function program(text: string, options: Partial<CompileOptions> = {}, marks?: Marks): Program {
  const { config, diagnostics } = checkText(text);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join("\n"));
  const all = { ...OPTIONS, ...options };
  const assigned = assignMarks(config, marks ?? { directors: {}, tables: {} }, all);
  if ("error" in assigned) throw new Error(assigned.error.message);
  return compile(config, assigned.marks, all);
}

/** All that the kernel holds for a namespace, as text without counters: rules of every table, ip rules, routes. */
export async function everything({ ns, iptables, ip6tables }: Lab): Promise<string> {
  const parts = [
    [`${iptables}-save`],
    [`${ip6tables}-save`],
    ["ip", "-4", "rule"],
    ["ip", "-6", "rule"],
    ["ip", "-4", "route", "show", "table", "all"],
    ["ip", "-6", "route", "show", "table", "all"],
  ];
  const texts: string[] = [];
  for (const argv of parts) texts.push(`$ ${argv.join(" ")}\n${plain(await ns.must(argv))}`);
  return texts.join("");
}

/** What iptables-save printed, without times and counters. */
export function plain(saved: string): string {
  return saved.replace(/^#.*\n/gm, "").replace(/\[\d+:\d+\]/g, "[0:0]");
}

/** Whoever starts programs now. */
export async function starter(): Promise<number> {
  return Number((await run(["sh", "-c", "echo $PPID"])).stdout);
}

/** Ends the process that starts programs, once perl is broken: from then on this one starts them. */
export async function loseStarter(): Promise<void> {
  const pid = await starter();
  if (pid !== process.pid) process.kill(pid, "SIGKILL");
  // What meets its death fails with it.
  await expect.poll(starter).toBe(process.pid);
}

/** Real commands in front of PATH that do what they are told before they become the real one. */
export type Wrappers = {
  /** `body` is shell; it runs before the real command with the same arguments, which it may prevent by `exit`. */
  wrap(command: string, body: string): void;
  /** The commands that were started, with their arguments, one a line. */
  calls(): string[];
};

/** Until the end of the test. */
export function wrappers(): Wrappers {
  const directory = scratch();
  const log = join(directory, "calls");
  const bin = join(directory, "bin");
  mkdirSync(bin);
  const before = process.env.PATH ?? "";
  process.env.PATH = `${bin}:${before}`;
  onTestFinished(() => {
    process.env.PATH = before;
  });
  return {
    wrap(command, body) {
      const real = [...before.split(":"), "/usr/sbin", "/sbin"]
        .map((place) => join(place, command))
        .find((path) => existsSync(path));
      if (real === undefined) throw new Error(`${command} is not installed`);
      const script = `#!/bin/sh\necho "${command} $*" >> ${log}\n${body}\nexec ${real} "$@"\n`;
      writeFileSync(join(bin, command), script);
      chmodSync(join(bin, command), 0o755);
    },
    calls: () => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []),
  };
}
