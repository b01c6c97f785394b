/** The difference between what the kernel holds and what it should hold, in words. */
import {
  type CompileOptions,
  type Delta,
  delta,
  EMPTY_PROGRAM,
  type FamilyDelta,
  type FamilyState,
  isEmptyDelta,
  type Program,
  type SetsDelta,
  type State,
} from "@flowmgr/flow-compiler";
import { HOOKED, type Reading } from "@flowmgr/kernel";

/** More names than this help nobody; the rest is counted. */
const NAMED = 5;

export type Drift = {
  /** One sentence about what differs. */
  detail: string;
  /** What the kernel should hold. */
  wanted: Program;
};

/** The kernel at one moment, beside what should have been there at that moment. */
export type Seen = {
  /** Milliseconds since 1970. */
  at: number;
  reading: Reading;
  /** In force then; null before the first apply. */
  program: Program | null;
  /** Null also while rules are being changed. */
  drift: Drift | null;
};

/**
 * What differs, or null when kernel and program agree. `program` is null as long as nothing was ever applied: then
 * nothing of ours should be there, or the empty main chains of an apply that was undone.
 */
export function drift(state: State, program: Program | null, options: CompileOptions): Drift | null {
  const families = [state.ip, state.ip6].filter((family) => family !== null);
  if (program === null && !state.sets?.length && families.every(isBare)) return null;
  const wanted = program ?? EMPTY_PROGRAM(options);
  const difference = delta(state, wanted);
  if (isEmptyDelta(difference)) return null;
  const owner = program === null ? "Nothing was applied from here, but the kernel" : "The kernel";
  return { detail: `${owner} differs from the running revision: ${differenceWords(difference)}.`, wanted };
}

/** What of ours was missing, changed or left over before this change was made: `IPv4: chain @ssh changed`. */
export function differenceWords({ sets, ip, ip6 }: Delta): string {
  const families = [setWords(sets), familyWords("IPv4", ip), ip6 ? familyWords("IPv6", ip6) : ""];
  return families.filter((words) => words !== "").join("; ");
}

const isBare = (state: FamilyState): boolean =>
  state.chains.length + state.hooks.length + state.ipRules.length + state.routes.length === 0;

function setWords({ make, remove }: SetsDelta): string {
  const names = (replaced: boolean) => make.flatMap((set) => (set.replaced === replaced ? set.name : []));
  const left = remove.flatMap(({ name, inUse }) => (inUse ? [] : name));
  const words = [
    list(names(false), "missing", "set"),
    list(names(true), "changed", "set"),
    list(left, "left over", "set"),
  ];
  return words.filter((part) => part !== "").join(", ");
}

/** A line of a restore that takes out or puts in a jump of ours. */
const JUMP = new RegExp(`^-[ADI] (${HOOKED.join("|")}) `, "m");

function familyWords(family: string, difference: FamilyDelta): string {
  const { create, remove } = difference;
  // What the delta would add is what is missing, and so on.
  const words = [
    list(difference.added, "missing"),
    list(difference.changed, "changed"),
    list(difference.removed, "left over"),
    count(create.ipRules.length + remove.ipRules.length, "ip rule"),
    count(create.routes.length + remove.routes.length, "route"),
    // Named beside all else: without the jump no packet is judged, whatever the chains hold.
    JUMP.test(difference.restore) ? "a jump into our chains is missing or out of place" : "",
  ].filter((part) => part !== "");
  return words.length === 0 ? "" : `${family}: ${words.join(", ")}`;
}

function list(names: string[], what: string, kind = "chain"): string {
  if (names.length === 0) return "";
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
  return `${names.length === 1 ? kind : `${kind}s`} ${names.slice(0, NAMED).join(", ")}${more} ${what}`;
}

const count = (number: number, what: string): string =>
  number === 0 ? "" : `${number} ${what}${number === 1 ? "" : "s"} differ${number === 1 ? "s" : ""}`;
