/** What iptables-restore and ip say, told in the words of the config. */
import type { FamilyName, Source } from "@flowmgr/flow-compiler";
import { KernelError } from "./kernel.ts";
import { complaint, type Ran } from "./run.ts";

/** Why a step did not succeed: the parts of a KernelError that are known where it happens. */
export class Refusal extends Error {
  readonly family: FamilyName | null;
  readonly source: Source | null;
  readonly said: string;
  constructor(message: string, family: FamilyName | null, source: Source | null, said: string) {
    super(message);
    this.name = "Refusal";
    this.family = family;
    this.source = source;
    this.said = said;
  }
}

const PROTOCOL = { ip: "IPv4", ip6: "IPv6" } as const;

/** `flow ssh, rule 2: ...`, or the family where no single rule is to blame. */
export function refusal(family: FamilyName, source: Source | null, said: string): Refusal {
  const what = source === null ? `${PROTOCOL[family]}` : `${describeSource(source)} (${PROTOCOL[family]})`;
  return new Refusal(`${what}: the kernel did not take it: ${said}`, family, source, said);
}

/** What leaves the package: the refusal, what came of it, and whether the old rules are in force. */
export function kernelError(error: unknown, outcome: string, oldRulesInForce: boolean): KernelError {
  const message = textOf(error);
  const { family, source, said } =
    error instanceof Refusal ? error : { family: null, source: null, said: message };
  return new KernelError(`${message}; ${outcome}`, {
    family,
    source,
    said,
    oldRulesInForce,
  });
}

/** What goes wrong before anything of ours is touched is thrown as a KernelError too. */
export async function nothingChanged<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw kernelError(error, "nothing was changed", true);
  }
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function describeSource(source: Source): string {
  return `flow ${source.flow}, ${source.rule === null ? "its ICMP errors" : `rule ${source.rule}`}`;
}

/**
 * The line of its input, from 1, that a restore complains about; null when it names none. Both back ends have
 * `Error occurred at line: N` for what they can't parse; nft adds `line N: RULE_APPEND failed (...)` for what the
 * kernel refuses, where legacy has `line N failed` with the line of the COMMIT.
 */
export function lineOf(stderr: string): number | null {
  const found = /Error occurred at line: (\d+)|^line (\d+): |: line (\d+) failed/m.exec(stderr);
  const line = found?.[1] ?? found?.[2] ?? found?.[3];
  return line === undefined ? null : Number(line);
}

/** The first line that tells something, without the program's name and version. */
export function telling(ran: Ran): string {
  const lines = ran.stderr
    .split("\n")
    .map((line) => line.replace(/^ip6?tables\S* v[\d.]+ \([^)]*\): ?/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("Try `") && !line.startsWith("# Warning"));
  const [first] = lines;
  if (ran.failure !== null || first === undefined) return complaint(ran);
  return first.replace(/^line \d+: /, "");
}
