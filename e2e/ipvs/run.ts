/**
 * Runs the tests of this folder with real IPVS, which few kernels of build machines have: in user-mode Linux, a kernel
 * that is an ordinary program. It needs neither KVM nor a disk image; its files are those of this machine, read-only
 * below a layer in memory. One machine boots for all tests.
 *
 *     node e2e/ipvs/run.ts [REPORT [PATTERN]]
 *
 * REPORT gets `{passed, failed, skipped, why?}`. Where Debian's packages are missing all tests are skipped, and `why`
 * names the packages. PATTERN picks tests by name.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Count = { passed: number; failed: number; skipped: number; why?: string };

const TESTS = ["directors", "health", "keepalived"].map((name) =>
  join(import.meta.dirname, `${name}.test.ts`),
);

/** 25 s on a quiet machine; a virtual machine that hangs must not hold up everything. */
const LIMIT_MS = 600_000;

/** Node four times over takes a quarter of it. */
const MEMORY_MB = 1024;

/** The packages that are not there, of those that `.config/run.mjs` tries to install. */
function missingPackages(): string[] {
  const packages: Record<string, string> = JSON.parse(
    readFileSync(join(import.meta.dirname, "packages.json"), "utf8"),
  );
  const places = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin", "/usr/bin"];
  const there = (name: string) => places.some((place) => existsSync(join(place, name)));
  return Object.entries(packages).flatMap(([command, name]) => (there(command) ? [] : [name]));
}

const testsWritten = () =>
  TESTS.reduce((sum, file) => sum + (readFileSync(file, "utf8").match(/^test\(/gm) ?? []).length, 0);

/** The machine's memory is a file: best in memory, where there is room, and programs may be run from. */
function memoryFolder(): string {
  const roomy = (folder: string) => {
    if (!existsSync(folder)) return false;
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize > MEMORY_MB * 2 ** 20;
  };
  return ["/dev/shm", "/run"].find(roomy) ?? tmpdir();
}

/** What init runs inside; `/shared` is the folder that both sides see. */
function command(pattern: string | undefined): string {
  const words = [
    process.execPath,
    "--test",
    "--test-isolation=none",
    "--test-force-exit",
    "--test-timeout=240000",
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=tap",
    "--test-reporter-destination=/shared/report.tap",
    ...(pattern === undefined ? [] : [`--test-name-pattern=${pattern}`]),
    ...TESTS,
  ];
  return `exec ${words.map((word) => `'${word}'`).join(" ")}\n`;
}

/** Gives true when the machine has come to its end by itself. */
async function boot(shared: string): Promise<boolean> {
  const words = [
    `mem=${MEMORY_MB}M`,
    ...["rootfstype=hostfs", "ro", "quiet", "loglevel=2", "con=null", "con0=null,fd:1"],
    ...[`init=${join(import.meta.dirname, "boot.sh")}`, `exchange=${shared}`],
  ];
  const machine = spawn("linux.uml", words, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TMPDIR: memoryFolder(), HOME: shared },
    // A group of its own: its processes are threads of the virtual machine, which end together.
    detached: true,
  });
  machine.stdout.pipe(process.stdout, { end: false });
  const end = () => {
    if (machine.pid !== undefined && machine.exitCode === null) process.kill(-machine.pid, "SIGKILL");
  };
  const timer = setTimeout(end, LIMIT_MS);
  process.once("SIGINT", end).once("SIGTERM", end);
  await once(machine, "close");
  clearTimeout(timer);
  return existsSync(join(shared, "status"));
}

/** `# pass 3` and so on, the last lines of the report. */
function counted(report: string): Count {
  const of = (name: string) => Number(new RegExp(`^# ${name} (\\d+)$`, "m").exec(report)?.[1]);
  return { passed: of("pass"), failed: of("fail") + of("cancelled"), skipped: of("skipped") + of("todo") };
}

async function run(pattern: string | undefined): Promise<Count> {
  const missing = missingPackages();
  if (missing.length > 0) {
    return { passed: 0, failed: 0, skipped: testsWritten(), why: `${missing.join(", ")} not installed` };
  }
  const folder = mkdtempSync(join(tmpdir(), "flowmgr-ipvs-"));
  const shared = join(folder, "shared");
  try {
    mkdirSync(shared);
    writeFileSync(join(shared, "command"), command(pattern));
    if (!(await boot(shared))) throw new Error("the virtual machine did not come to its end");
    const count = counted(readFileSync(join(shared, "report.tap"), "utf8"));
    if (count.failed > 0) {
      for (const name of readdirSync(shared).filter((each) => each.endsWith(".log"))) {
        console.log(`${name}:\n${readFileSync(join(shared, name), "utf8")}`);
      }
    }
    return count;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [report, pattern] = process.argv.slice(2);
const count = await run(pattern);
if (count.why) console.log(`skipped: ${count.why}`);
if (report) writeFileSync(report, JSON.stringify(count));
process.exitCode = count.failed > 0 || count.passed + count.skipped === 0 ? 1 : 0;
