/** The process that starts programs: what it promises beyond `run`, when many use it, when it dies and when we do. */
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { forgetLock, underLock } from "../src/lock.ts";
import { letGo, run } from "../src/run.ts";
import { openTarget } from "../src/target.ts";
import { loseStarter, scratch, starter } from "./lab.ts";

const nameOf = (pid: number) => readFileSync(`/proc/${pid}/comm`, "utf8").trim();

/** Processes whose parent this is, the dead that nobody has buried too. */
function childrenOf(pid: number): number[] {
  const numbers = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return numbers.map(Number).filter((child) => {
    try {
      return new RegExp(`^PPid:\\s*${pid}$`, "m").test(readFileSync(`/proc/${child}/status`, "utf8"));
    } catch {
      return false;
    }
  });
}

function kilobytes(pid: number, which: "VmRSS" | "VmHWM"): number {
  return Number(
    new RegExp(`^${which}:\\s*(\\d+)`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1],
  );
}

/** Whoever is dead and not buried is not: who buries orphans may be slow. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** PATH until the end of the test. */
function usePath(path: string): void {
  const before = process.env.PATH;
  onTestFinished(() => {
    process.env.PATH = before;
  });
  process.env.PATH = path;
}

test("programs are started by a small process, which has our environment of now", async () => {
  const pid = await starter();
  expect(nameOf(pid)).toBe("flowmgr-starter");
  expect(await starter()).toBe(pid);
  process.env.FLOWMGR_TRIED = "now";
  onTestFinished(() => void delete process.env.FLOWMGR_TRIED);
  const ran = await run(["env"]);
  const variables = Object.fromEntries(
    ran.stdout.split("\n").flatMap((line) => (/^\w+=/.test(line) ? [line.split(/=(.*)/s)] : [])),
  );
  expect(variables).toMatchObject({ FLOWMGR_TRIED: "now", PATH: process.env.PATH });
});

test("a hundred at once: each has its own input, output and exit status, and nobody is left", async () => {
  const pid = await starter();
  const text = (at: number) => `${at} `.repeat(20_000);
  const script = 'cat; echo "to $0" >&2; exit $(($0 % 50))';
  const all = await Promise.all(
    Array.from({ length: 100 }, (_, at) => run(["sh", "-c", script, String(at)], { stdin: text(at) })),
  );
  for (const [at, ran] of all.entries()) {
    expect(ran.stdout === text(at) && ran.failure === null).toBe(true);
    expect([ran.status, ran.stderr]).toEqual([at % 50, `to ${at}\n`]);
  }
  expect(childrenOf(pid)).toEqual([]);
});

test("bytes of any kind, and empty words, go there and back", async () => {
  const words = ["", "a b", "ä\n\t€", "'\"\\$x"];
  const ran = await run(["printf", "[%s]", ...words]);
  expect(ran.stdout).toBe(words.map((word) => `[${word}]`).join(""));
  const stdin = "\0\u0001é\r\n😀".repeat(100_000);
  expect((await run(["cat"], { stdin })).stdout === stdin).toBe(true);
});

test("who does not read and who says much keep nobody waiting, and little memory", async () => {
  const pid = await starter();
  const stdin = "x".repeat(30_000_000);
  const idle = run(["sh", "-c", "read -r _ < /dev/zero"], { stdin, limit: 1500 });
  const talker = run(["cat"], { stdin });
  for (let at = 0; at < 20; at += 1) expect((await run(["echo", String(at)])).stdout).toBe(`${at}\n`);
  const kB = kilobytes(pid, "VmHWM");
  expect(kB).toBeLessThan(20_000);
  expect((await talker).stdout === stdin).toBe(true);
  expect(await idle).toMatchObject({ status: null, failure: "timeout" });
  expect(childrenOf(pid)).toEqual([]);
});

test("signals are those of a program that was just started", async () => {
  const ran = await run(["sh", "-c", "grep -E '^Sig(Ign|Blk)' /proc/self/status; kill -TERM $$"]);
  expect(ran).toMatchObject({ failure: "killed", status: null });
  expect(ran.stdout.match(/0{16}/g)).toHaveLength(2);
});

test("no other file is open in a program than if this process had started it", async () => {
  const talkers = Array.from({ length: 5 }, () => run(["sleep", "0.2"]));
  const words = ["ls", "/proc/self/fd"];
  const { stdout } = await run(words);
  expect(stdout).toBe((await run(words, { itself: true })).stdout);
  await Promise.all(talkers);
});

test("what it has started ends with it, and is called killed once it is dead; the next program has another", async () => {
  const pid = await starter();
  // It takes the kernel a while to take so much memory away again.
  const under = run(["perl", "-e", '$| = 1; my $big = "x" x 300_000_000; print "begun\\n"; sleep 600']);
  const found = () => childrenOf(pid).filter((child) => nameOf(child) === "perl");
  const memory = () => Math.max(0, ...found().map((child) => kilobytes(child, "VmRSS")));
  await expect.poll(memory, { timeout: 20_000 }).toBeGreaterThan(290_000);
  const [child = 0] = found();
  process.kill(pid, "SIGKILL");
  expect(await under).toMatchObject({ status: null, failure: "killed" });
  expect(isAlive(child)).toBe(false);
  const next = await starter();
  expect([nameOf(next), next === pid]).toEqual(["flowmgr-starter", false]);
});

test.each([
  ["without perl", null],
  ["with one that says something else", "/bin/echo"],
  ["with one that ends", "/bin/false"],
])("%s this process starts them itself", async (_, perl) => {
  const bin = scratch();
  for (const name of ["sh", "cat"]) symlinkSync(join("/bin", name), join(bin, name));
  if (perl !== null) symlinkSync(perl, join(bin, "perl"));
  usePath(bin);
  await loseStarter();
  expect(await run(["cat"], { stdin: "said" })).toMatchObject({ status: 0, stdout: "said" });
  expect(await run(["flowmgr-no-such-program"])).toMatchObject({ failure: "missing" });
  const many = await Promise.all(["1", "2", "3"].map((status) => run(["sh", "-c", `exit ${status}`])));
  expect(many.map(({ status }) => status)).toEqual([1, 2, 3]);
});

/** What a server does in the test below: `begun` tells that the program is there, which goes on until it may end. */
const LOCKING = `import { openSync } from "node:fs";
const { run } = await import(process.argv[1]);
const keep = openSync(process.argv[2] + "/lock", "a");
await run(["flock", "3"], { keep });
const script = 'cd "$0"; echo $PPID > pid; mv pid begun; until [ -e go ]; do sleep 0.02; done; echo done; : > done';
await run(["sh", "-c", script, process.argv[2]], { keep });`;

test("a lock is held by what was started under it, after a SIGKILL of the server too", async () => {
  const directory = scratch();
  const path = (name: string) => join(directory, name);
  const words = [join(import.meta.dirname, "../src/run.ts"), directory];
  const server = run([process.execPath, "--input-type=module", "-e", LOCKING, ...words]);
  await expect.poll(() => existsSync(path("begun")), { timeout: 30_000 }).toBe(true);
  const by = Number(readFileSync(path("begun"), "utf8"));
  const isFree = async () => (await run(["flock", "--nonblock", path("lock"), "true"])).status === 0;
  expect(await isFree()).toBe(false);
  process.kill(Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${by}/status`, "utf8"))?.[1]), "SIGKILL");
  expect((await server).failure).toBe("killed");
  expect([isAlive(by), await isFree()]).toEqual([true, false]);
  writeFileSync(path("go"), "");
  await expect.poll(isFree, { timeout: 30_000 }).toBe(true);
  expect([existsSync(path("done")), isAlive(by)]).toEqual([true, false]);
});

test("whoever lets go of a lock in the middle can still kill what hangs", async () => {
  const directory = scratch();
  const keep = openSync(join(directory, "lock"), "a");
  await run(["flock", "3"], { keep });
  const hanging = run(["sleep", "600"], { keep, limit: 500 });
  letGo(keep);
  closeSync(keep);
  expect((await hanging).failure).toBe("timeout");
  const next = openSync(join(directory, "lock"), "a");
  expect(await run(["flock", "--wait", "20", "3"], { keep: next })).toMatchObject({ status: 0 });
  letGo(next);
  closeSync(next);
});

test("what is asked for when the lock was given back is not started", async () => {
  const target = openTarget({ kind: "namespace", name: `flowmgr-test-lock-${process.pid}` });
  onTestFinished(() => forgetLock(target));
  const locked = await underLock({ ...target, run }, async (held) => {
    expect(await held.run(["true"])).toMatchObject({ status: 0 });
    return held;
  });
  expect(await locked.run(["true"])).toMatchObject({ status: null, failure: "unstarted" });
});
