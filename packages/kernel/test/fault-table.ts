/**
 * Every command of an apply, and of the way back when one has failed, goes wrong in every way. Whatever happens: the
 * old rules or the new ones, whole, and what is said about it is true.
 */
import assert from "node:assert/strict";
import { type Kernel, KernelError, openKernel } from "../src/index.ts";
import { type Numbered, numbered } from "../src/testing/numbered.ts";
import { makeNamespace, type TestNamespace } from "../src/testing.ts";
import { type Backend, plain, program } from "./lab.ts";

const OLD = program(`flow ssh permit match proto tcp dstport 22
flow mail director d match proto tcp dst 10.1.1.1 match proto tcp dst fd01::1`);
const NEW = program(`flow dns permit match proto udp dstport 53
flow mail director d match proto tcp dst 10.1.1.2 match proto tcp dst fd01::2
flow web director w match proto tcp dst 10.1.1.3 match proto tcp dst fd01::3`);

/** What may go wrong, in the shell of a wrapper (`numbered`). */
export const FAULTS = {
  missing: 'case "$1" in netns) PATH=/nowhere $real "$@"; exit $?;; esac; echo "not found" >&2; exit 127',
  killed: "kill -9 $$",
  "killed when done": '$real "$@"; kill -9 $$',
  hangs: "exec sleep 1000",
  "hangs, and a child of it too": "sleep 2 & exec sleep 1000",
  "hangs when done": '$real "$@"; exec sleep 1000',
  fails: 'echo "out of luck" >&2; exit 1',
  "fails when done": '$real "$@"; echo "out of luck" >&2; exit 1',
  garbage: "cat > /dev/null; echo '*** 0xdeadbeef {'; exit 0",
  "half an answer": '$real "$@" | head -c 100; exit 0',
  "does nothing and says yes": "cat > /dev/null; exit 0",
} as const;
export type Fault = keyof typeof FAULTS;

/** A time limit of a second for most commands and six for a restore; a namespace answers within hundredths. */
const PATIENCE = 1 / 20;

/** What a machine that is busy beyond that says: it has made a second fault of its own. */
const TOO_BUSY = /going back failed too: .* did not end in time/;

export type Bench = {
  kernel: Kernel;
  tools: Numbered;
  ns: TestNamespace;
  backend: Backend;
  looks: { old: Look; new: Look };
  /** The commands of an apply, and of one that fails at its last restore and goes back. */
  commands: { apply: string[]; back: string[] };
  remove(): Promise<void>;
};

/** What the kernel holds: the mangle table of each family, and with it all tables, ip rules and routes of both. */
type Look = { 4: string; 6: string; all: string };

export async function makeBench(backend: Backend, dataDir: string): Promise<Bench> {
  const ns = await makeNamespace();
  const before = process.env.PATH ?? "";
  const tools = numbered(["ip", "flock", "unshare"], before);
  process.env.PATH = tools.path;
  const target = { kind: "namespace", name: ns.name } as const;
  const kernel = await openKernel({ target, backend, ipv6: true, dataDir, patience: PATIENCE });
  await kernel.apply(NEW);
  const held = await look(ns, backend);
  await kernel.apply(OLD);
  const looks = { old: await look(ns, backend), new: held };
  tools.arm();
  await kernel.apply(NEW);
  const apply = tools.met();
  await kernel.apply(OLD);
  tools.arm(lastRestore(apply), FAULTS.fails);
  await kernel.apply(NEW).catch(() => undefined);
  const back = tools.met();
  return {
    ...{ kernel, tools, ns, backend, looks, commands: { apply, back } },
    async remove() {
      process.env.PATH = before;
      tools.remove();
      await ns.remove();
    },
  };
}

const lastRestore = (commands: string[]) => commands.findLastIndex((words) => words.includes("-restore")) + 1;

async function look(ns: TestNamespace, backend: Backend): Promise<Look> {
  const [v4, v6] = [`iptables-${backend}-save`, `ip6tables-${backend}-save`];
  const inside = async (script: string) => plain(await ns.must(["sh", "-c", script]));
  const routing = "for f in 4 6; do ip -$f rule; ip -$f route show table all; done";
  return {
    4: await inside(`${v4} -t mangle`),
    6: await inside(`${v6} -t mangle`),
    all: await inside(`${v4}; ${v6}; ${routing}`),
  };
}

/** One thing that goes wrong: the command with this number in the apply or in the way back, and maybe all behind it. */
export type Cell = { during: "apply" | "back"; at: number; fault: Fault; onwards: boolean };

export function cells({ commands }: Bench): Cell[] {
  const faults = Object.keys(FAULTS).filter(isFault);
  const numbers = [
    ...commands.apply.map((_, at) => ({ during: "apply" as const, at: at + 1 })),
    ...commands.back
      .map((_, at) => ({ during: "back" as const, at: at + 1 }))
      .filter(({ at }) => at > lastRestore(commands.apply)),
  ];
  return [false, true].flatMap((onwards) =>
    numbers.flatMap((number) => faults.map((fault) => ({ ...number, fault, onwards }))),
  );
}

const isFault = (name: string): name is Fault => name in FAULTS;

/** Tries a cell and asserts what is promised; gives what was said. The old rules are in force afterwards. */
export async function tryCell(bench: Bench, { during, at, fault, onwards }: Cell): Promise<string> {
  const { kernel, tools, ns, backend, looks, commands } = bench;
  const condition = `[ $n -${onwards ? "ge" : "eq"} ${at} ]`;
  const first =
    during === "back" ? `if [ $n -eq ${lastRestore(commands.apply)} ]; then ${FAULTS.fails}; fi\n` : "";
  tools.arm(1, `${first}if ${condition}; then ${FAULTS[fault]}; fi`, true);
  const error: unknown = await kernel.apply(NEW).then(
    () => null,
    (caught: unknown) => caught,
  );
  tools.arm();
  const found = await look(ns, backend);
  if (error === null) {
    assert.equal(found.all, looks.new.all, "it was said to be applied");
  } else {
    assert(error instanceof KernelError, String(error));
    if (error.oldRulesInForce) assert.equal(found.all, looks.old.all, error.message);
    assert.match(
      error.message,
      error.oldRulesInForce ? /(the old rules are in force|nothing was changed)$/ : /may be a mix$/,
    );
    const mayBeMix = during === "back" || onwards || TOO_BUSY.test(error.message);
    assert(error.oldRulesInForce || mayBeMix, `one fault alone: ${error.message}`);
    for (const family of [4, 6] as const) {
      assert([looks.old[family], looks.new[family]].includes(found[family]), `IPv${family} is half way`);
    }
  }
  await mended(bench);
  return error === null ? "applied" : String(error);
}

/** The tools work again: the next apply puts all right, whatever it finds. */
async function mended({ kernel, ns, backend, looks }: Bench): Promise<void> {
  // What a killed command has left running keeps the lock until it ends.
  for (let tries = 0; ; tries++) {
    try {
      await kernel.apply(OLD);
      break;
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
  assert.equal((await look(ns, backend)).all, looks.old.all, "the next apply did not put it right");
}
