/** A program is tried in an empty namespace that nobody else sees and that ends with the command. */
import { isDeepStrictEqual } from "node:util";
import {
  delta,
  describeIpRule,
  describeRoute,
  type FamilyDelta,
  type FamilyProgram,
  type Program,
  type Source,
  type State,
} from "@flowmgr/flow-compiler";
import type { Capabilities, Tools } from "./capabilities.ts";
import { kernelError, lineOf, refusal, telling } from "./errors.ts";
import { Jumps } from "./jumps.ts";
import { type Ran, succeeded } from "./run.ts";
import { canTry, runInEmptyNamespace } from "./target.ts";
import { toTry } from "./to-try.ts";

/** Milliseconds. `--test` of iptables-restore would be faster and proves nothing: a loop of jumps passes it. */
const TRY_LIMIT = 120_000;

/**
 * Throws KernelError with the flow and rule that the kernel does not take. Touches nothing. Has nothing to say where
 * there is no namespace to try it in, which `lacks` of the capabilities tells. `passed`: what the kernel is known to
 * take, of which nothing is tried again: 10 000 flows cost iptables-nft-restore 16 s of a core, an edit of one 3 ms.
 * `trials`: of the one who asks, what is kept from one to the next.
 */
export async function check(
  capabilities: Capabilities,
  program: Program,
  passed: Program | null,
  trials: Trials,
): Promise<void> {
  if (!(await canTry())) return;
  const { ip, ip6 } = program;
  const parts = fromNothing({
    ...program,
    ip: toTry(ip, passed?.ip, trials.ip),
    ip6: ip6 && toTry(ip6, passed?.ip6, trials.ip6),
  });
  const all = [
    { tools: capabilities.ip, part: parts.ip, isNew: !sameRouting(ip, passed?.ip) },
    ...(capabilities.ip6 === null || parts.ip6 === null
      ? []
      : [{ tools: capabilities.ip6, part: parts.ip6, isNew: !sameRouting(ip6, passed?.ip6) }]),
  ];
  const tried = await Promise.allSettled(
    all.map(async ({ tools, part, isNew }) => {
      await tryRules(tools, part, program);
      if (isNew) await tryRouting(tools, part);
    }),
  );
  for (const one of tried) {
    if (one.status === "rejected") throw kernelError(one.reason, "nothing was changed", true);
  }
}

/** Where the chains of either family lead. */
export type Trials = { ip: Jumps; ip6: Jumps };

export const openTrials = (): Trials => ({ ip: new Jumps(), ip6: new Jumps() });

const sameRouting = (one: FamilyProgram | null, other: FamilyProgram | null | undefined): boolean =>
  isDeepStrictEqual([one?.ipRules, one?.routes], [other?.ipRules, other?.routes]);

function fromNothing(program: Program): {
  ip: FamilyDelta;
  ip6: FamilyDelta | null;
} {
  const empty: State["ip"] = { chains: [], hooks: [], ipRules: [], routes: [] };
  return delta({ ip: empty, ip6: program.ip6 === null ? null : empty }, program);
}

async function tryRules(tools: Tools, part: FamilyDelta, program: Program): Promise<void> {
  if (part.restore === "") return;
  const ran = await tried(tools, part.restore);
  if (succeeded(ran)) return;
  throw refusal(tools.family, await culprit(tools, ran, part.lines, program), telling(ran));
}

/**
 * What came of a restore text where nothing else is. Its sets are not there either, and a process that may make no more
 * than a user namespace gets no second command into it; so rules are tried without them. That the kernel takes the
 * match was found out at the start, and sets are made and read back before rules change.
 */
function tried(tools: Tools, text: string): Promise<Ran> {
  const stdin = text.replace(/-m set (?:! )?--match-set \S+ (?:src|dst) /g, "");
  return runInEmptyNamespace(tools.restore, { stdin, limit: TRY_LIMIT });
}

async function tryRouting(tools: Tools, part: FamilyDelta): Promise<void> {
  const lines = [
    ...part.create.routes.map((route) => `route add ${describeRoute(route)}`),
    ...part.create.ipRules.map((rule) => `rule add ${describeIpRule(rule)}`),
  ];
  if (lines.length === 0) return;
  const stdin = `link set lo up\n${lines.join("\n")}\n`;
  const ran = await runInEmptyNamespace([...tools.ip, "-batch", "-"], {
    stdin,
  });
  if (!succeeded(ran)) throw refusal(tools.family, null, telling(ran));
}

/**
 * The rule that a failed restore is about, by the line that it names. Where it names only the COMMIT, the shortest
 * beginning of the whole program that fails is looked for in empty namespaces: 16 tries for 40 000 rules, in a case
 * that no config of ours should ever meet. Null when the program as such is not to blame, or nothing can be tried.
 */
export async function culprit(
  tools: Tools,
  ran: Ran,
  lines: readonly (Source | null)[],
  program: Program,
): Promise<Source | null> {
  if (ran.failure !== null) return null;
  const line = lineOf(ran.stderr);
  const named = line === null ? null : lines[line - 1];
  if (named) return named;
  const part = fromNothing(program)[tools.family];
  return part === null ? null : bisect(tools, part);
}

async function bisect(tools: Tools, part: FamilyDelta): Promise<Source | null> {
  const all = part.restore.split("\n");
  const isRule = (line: string) => line.startsWith("-");
  const rules = all.flatMap((line, at) => (isRule(line) ? at : []));
  const fails = async (count: number): Promise<boolean> => {
    const kept = all.filter((line, at) => !isRule(line) || at < (rules[count] ?? all.length));
    return !succeeded(await tried(tools, kept.join("\n")));
  };
  let passing = 0;
  let failing = rules.length;
  if (!(await fails(failing)) || (await fails(passing))) return null;
  while (failing - passing > 1) {
    const middle = Math.floor((passing + failing) / 2);
    if (await fails(middle)) failing = middle;
    else passing = middle;
  }
  const line = rules[failing - 1];
  return line === undefined ? null : (part.lines[line] ?? null);
}
