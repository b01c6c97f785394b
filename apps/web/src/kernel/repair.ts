/** What a repair will do, in numbers, and why it cannot be asked for now. */
import type { Status } from "@flowmgr/flow-api";
import { parsePatch } from "diff";
import { counted } from "../ui/say.ts";

type DriftSize = { missing: number; extra: number; misplaced: number; sets: number };

/** A line of the difference that is said about a jump and stands for no rule. */
const REMARK = /^\+#/;
/** A line about a set: its size, or one of the first networks that differ. */
const OF_SET = /^[-+](?:# set |ipset add )([^\s:]+)/;

/**
 * Lines that should be in the kernel and are not, lines that should not be there, jumps that stand in the wrong place,
 * and sets that hold something else: a set is told by a few of its networks, so that its lines say no number.
 */
export function sizeOf(patch: string): DriftSize {
  const all = parsePatch(patch).flatMap(({ hunks }) => hunks.flatMap((hunk) => hunk.lines));
  const sets = new Set(all.flatMap((line) => OF_SET.exec(line)?.[1] ?? []));
  const lines = all.filter((line) => !OF_SET.test(line));
  const remarks = lines.filter((line) => REMARK.test(line)).length;
  const count = (sign: string) => lines.filter((line) => line.startsWith(sign)).length;
  return { missing: count("-"), extra: count("+") - remarks, misplaced: remarks, sets: sets.size };
}

/** "puts 3 lines back and takes 1 line out" */
export function repairWords({ missing, extra, misplaced, sets }: DriftSize): string {
  const parts = [
    missing > 0 ? `puts ${counted(missing, "line")} back` : "",
    extra > 0 ? `takes ${counted(extra, "line")} out` : "",
    sets > 0
      ? `gives ${counted(sets, "set")} the networks of ${sets === 1 ? "its list" : "their lists"} again`
      : "",
    misplaced > 0 ? `moves ${counted(misplaced, "jump")} to where it belongs` : "",
  ].filter((part) => part !== "");
  return parts.join(" and ") || "puts in order what stands in the wrong place";
}

/** Why a repair cannot be asked for now, one sentence; null when it can. */
export function repairBlocked(
  status: Status | undefined,
  online: boolean,
  repairing: boolean,
): string | null {
  if (repairing) return "The repair is running.";
  if (!online) return "The server does not answer.";
  if (status?.state === "applying") return "An apply is running.";
  if (status?.unconfirmed) {
    return `Revision ${status.unconfirmed.revision} waits for its answer: keep it or go back first.`;
  }
  return null;
}
