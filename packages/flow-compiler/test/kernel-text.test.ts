/**
 * Both back ends of the real iptables take what the compiler writes and print it back byte for byte: all golden
 * files, one after the other by their deltas, in order and in a random order, beside a foreign rule.
 * In a network namespace of an unprivileged user's own, which ends with the process.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { delta, type FamilyName, type Program, renderFamily, type State } from "../src/index.ts";
import { normaliseRule } from "../src/normalise.ts";
import { compileGolden, loadGoldens, setsText } from "./golden.ts";
import { NOTHING, stateOf } from "./state.ts";

const FOREIGN = "-A PREROUTING -m comment --comment foreign -j ACCEPT";
const COMMAND = { ip: "iptables", ip6: "ip6tables" } as const;

/** The state of a machine that holds a program, with the foreign rule beside our jump. */
function besideForeign(program: Program): State {
  const place = (one: State["ip"], hooks: Program["ip"]["hooks"]) => ({
    ...one,
    hooks: one.hooks.map((hook) =>
      hook.chain === "PREROUTING"
        ? { ...hook, place: hooks.find(({ chain }) => chain === "PREROUTING")?.place ?? "first" }
        : hook,
    ),
  });
  const { ip, ip6 } = stateOf(program);
  return { ip: place(ip, program.ip.hooks), ip6: ip6 && program.ip6 ? place(ip6, program.ip6.hooks) : ip6 };
}

/** What should be printed: ours, and the foreign rule on its side of the jump. */
function expected(program: Program, family: FamilyName): string {
  const text = renderFamily(program, family);
  if (text === "") return `*mangle\n${FOREIGN}\nCOMMIT\n`;
  return program[family]?.hooks[0]?.place === "last"
    ? text.replace(/^-A PREROUTING/m, `${FOREIGN}\n-A PREROUTING`)
    : text.replace(/^(-A PREROUTING .*)$/m, `$1\n${FOREIGN}`);
}

/** As printed, without what is not ours: comments and the built-in chains' own lines. */
function ours(printed: string, family: FamilyName): string {
  const lines = printed.split("\n").filter((line) => !/^#|^:\S+ ACCEPT /.test(line));
  return lines
    .map((line) => line.replace(/^(-A \S+ )(.*)$/, (_, head, words) => head + normaliseRule(words, family)))
    .join("\n");
}

/** Goldens in a random order that the seed gives again. */
function shuffled<T>(all: readonly T[], seed: number): T[] {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state;
  };
  return all
    .map((one) => ({ one, key: next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ one }) => one);
}

const SPLIT = "# next step";

/** Walks through the programs in one namespace; gives what each family printed behind each step. */
function walk(programs: readonly Program[], backend: "nft" | "legacy"): { ip: string; ip6: string }[] {
  const script: string[] = ["set -e"];
  const restore = (family: FamilyName, text: string) => {
    if (text !== "")
      script.push(`${COMMAND[family]}-${backend}-restore -w 10 --noflush <<'TEXT'\n${text}TEXT`);
  };
  for (const program of programs) script.push(`ipset -exist restore <<'TEXT'\n${setsText(program)}TEXT`);
  for (const family of ["ip", "ip6"] as const) restore(family, `*mangle\n${FOREIGN}\nCOMMIT\n`);
  let state: State = { ip: NOTHING, ip6: NOTHING };
  for (const program of programs) {
    const change = delta(state, program);
    for (const family of ["ip", "ip6"] as const) {
      restore(family, change[family]?.restore ?? "");
      script.push(`${COMMAND[family]}-${backend}-save -t mangle`, `echo '${SPLIT}'`);
    }
    state = besideForeign(program);
  }
  const folder = mkdtempSync(join(tmpdir(), "flowmgr-text-"));
  try {
    const printed = execFileSync("unshare", ["--map-root-user", "--net", "bash"], {
      input: script.join("\n"),
      encoding: "utf8",
      env: { ...process.env, XTABLES_LOCKFILE: join(folder, "lock") },
      timeout: 50_000,
    });
    const parts = printed.split(`${SPLIT}\n`);
    return programs.map((_, i) => ({
      ip: ours(parts[2 * i] ?? "", "ip"),
      ip6: ours(parts[2 * i + 1] ?? "", "ip6"),
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const SEED = Number(process.env.FLOWMGR_SEED ?? Date.now() % 1_000_000);

describe.each(["nft", "legacy"] as const)("%s prints what was compiled", (backend) => {
  const goldens = loadGoldens();
  test.each([
    ["in order", goldens],
    [`in random order, FLOWMGR_SEED=${SEED}`, shuffled(goldens, SEED)],
  ])("%s", (_order, walked) => {
    const programs = walked.map(compileGolden);
    const printed = walk(programs, backend);
    for (const [i, program] of programs.entries()) {
      const where = `golden ${walked[i]?.name}`;
      expect(printed[i]?.ip, where).toBe(expected(program, "ip"));
      expect(printed[i]?.ip6, where).toBe(expected(program, "ip6"));
    }
  });
});
