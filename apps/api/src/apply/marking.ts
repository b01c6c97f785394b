/** Who gets which mark on this machine: what is kept on disk, what is set by hand, and what others use. */
import type { DatabaseSync } from "node:sqlite";
import { assignMarks, type CompileOptions, highestIndex, type Marks, markOf } from "@flowmgr/flow-compiler";
import type { Config, Diagnostic } from "@flowmgr/flow-model";
import { Problem } from "../problem.ts";
import { type KeptMark, marksUnder, openMarks, wholeMarks } from "./kept-marks.ts";
import {
  clashes,
  clashOf,
  clashWarning,
  freeMark,
  hexMark,
  markConflict,
  type Others,
  ownerName,
} from "./mark-conflict.ts";

/** What is in force, or would be. */
export type Marked = {
  config: Config;
  marks: Marks;
  /** The mask under which `marks` count. */
  markMask: number;
};

const NO_MARKS: Marks = { directors: {}, tables: {} };
/** Before the machine was looked at for the first time. */
const NOBODY: Others = { foreignMarks: [], ipvs: { absent: "" } };

export class Marking {
  readonly #kept: ReturnType<typeof openMarks>;
  readonly #mask: number;

  /** `db` is migrated. */
  constructor(db: DatabaseSync, mask: number) {
    this.#kept = openMarks(db);
    this.#mask = mask;
  }

  /** The marks that an apply of the config would give. The error names the policy that cannot have one. */
  assign(
    config: Config,
    options: CompileOptions,
    inForce: Marks = NO_MARKS,
    others: Others = NOBODY,
  ): { marks: Marks } | { error: Diagnostic } {
    const kept = this.#kept.all();
    const old = this.#old(kept, wholeMarks(inForce, this.#mask));
    const assigned = assignMarks(config, old, options, this.#byHand(kept));
    if ("error" in assigned) return assigned;
    const error = markConflict(config, assigned.marks, inForce, this.#mask, others, kept);
    return error ? { error } : assigned;
  }

  /**
   * The marks that were in force with a revision, whatever was set by hand since. Those that the mask of today does not
   * hold are given anew, with the same number where that is free. Throws when there are not enough.
   */
  ofRevision({ config, marks, markMask }: Marked, options: CompileOptions): Marks {
    const old = this.#old(this.#kept.all(), wholeMarks(marks, markMask));
    const assigned = assignMarks(config, joined(old, marks), options);
    if ("error" in assigned) throw new Error(assigned.error.message);
    return assigned.marks;
  }

  /** What somebody has now goes before what somebody had. */
  #old(kept: readonly KeptMark[], now: Omit<KeptMark, "byHand">[]): Marks {
    const names = new Set(now.map(ownerName));
    return marksUnder(this.#mask, [...now, ...kept.filter((one) => !names.has(ownerName(one)))]);
  }

  #byHand(kept: readonly KeptMark[] = this.#kept.all()): Marks {
    return marksUnder(
      this.#mask,
      kept.filter(({ byHand }) => byHand),
    );
  }

  /** Throws when the disk does not take it. */
  remember(marks: Marks): void {
    this.#kept.remember(marks, this.#mask);
  }

  /** The marks that are set by hand, by director. */
  setByHand(): ReadonlyMap<string, number> {
    return new Map(this.#kept.all().flatMap(({ byHand, name, mark }) => (byHand ? [[name, mark]] : [])));
  }

  /** Whether a director that is in force waits for a mark that was set by hand since. */
  waits(inForce: Marks): boolean {
    const wanted = new Map(Object.entries(this.#byHand().directors));
    return Object.entries(inForce.directors).some(([name, index]) => (wanted.get(name) ?? index) !== index);
  }

  /** Who would have another mark than now, in words. */
  moved(now: Marks, next: Marks): string[] {
    const before = new Map(wholeMarks(now, this.#mask).map((one) => [ownerName(one), one.mark]));
    return wholeMarks(next, this.#mask).flatMap((one) => {
      const was = before.get(ownerName(one)) ?? one.mark;
      return was === one.mark
        ? []
        : [`${ownerName(one)} gets mark ${hexMark(one.mark)}, was ${hexMark(was)}`];
    });
  }

  /**
   * Sets the mark of a director from the next apply on; null: it keeps its mark, and others may take it when they need
   * it. Throws Problem: 422 for what is no mark under the mask, 409 for one that somebody else has or uses.
   */
  set(name: string, mark: number | null, inForce: Marks = NO_MARKS, others: Others = NOBODY): void {
    if (mark === null) {
      this.#kept.release(name);
      return;
    }
    if (!isUnder(mark, this.#mask)) throw notAMark(mark, this.#mask);
    const kept = this.#kept.all();
    const owner = { kind: "directors" as const, name, mark };
    const has = [...wholeMarks(inForce, this.#mask), ...kept.filter(({ byHand }) => byHand)].find(
      (one) => one.mark === mark && ownerName(one) !== ownerName(owner),
    );
    const by = has ? ownerName(has) : clashOf(owner, this.#mask, others, kept)?.by;
    if (by !== undefined) throw inUse(mark, by, freeMark(this.#mask, others, kept));
    this.#kept.setByHand(name, mark);
  }

  /** What an operator should know of the marks that are in force, in sentences. `stored`: as the revision was written. */
  warnings(stored: Marked, marks: Marks, others: Others = NOBODY): string[] {
    const taken = clashes(marks, this.#mask, others, this.#kept.all()).map(clashWarning);
    return [...this.#moved(stored, marks, others), ...taken];
  }

  #moved({ marks: before, markMask }: Marked, marks: Marks, { ipvs }: Others): string[] {
    if (markMask === this.#mask) return [];
    const now = new Map(wholeMarks(marks, this.#mask).map((one) => [ownerName(one), one.mark]));
    const hasService = (mark: number) =>
      "services" in ipvs && ipvs.services.some((service) => service.mark === mark);
    return wholeMarks(before, markMask).flatMap((was) => {
      const mark = now.get(ownerName(was));
      if (mark === undefined || mark === was.mark) return [];
      if (was.kind === "directors" && hasService(mark)) return [];
      const moved = `--mark-mask was ${hexMark(markMask)} and is ${hexMark(this.#mask)}, so ${ownerName(was)} has mark ${hexMark(mark)} now and no longer ${hexMark(was.mark)}`;
      const follow = `its IPVS service must follow: ipvsadm -A -f ${mark}, and what waits for ${was.mark} can go`;
      return [was.kind === "directors" ? `${moved}; ${follow}` : moved];
    });
  }
}

/** `first`, and from `then` who is not there and has a number that nobody has there. */
function joined(first: Marks, then: Marks): Marks {
  const taken = new Set([...Object.values(first.directors), ...Object.values(first.tables)]);
  const of = (kind: keyof Marks) => ({
    ...Object.fromEntries(Object.entries(then[kind]).filter(([, index]) => !taken.has(index))),
    ...first[kind],
  });
  return { directors: of("directors"), tables: of("tables") };
}

function isUnder(mark: number, mask: number): boolean {
  return mark !== 0 && (mark & ~mask) >>> 0 === 0;
}

function notAMark(mark: number, mask: number): Problem {
  const [first, last] = [markOf(1, mask), markOf(highestIndex(mask), mask)];
  return new Problem({
    status: 422,
    code: "bad-mark",
    title: "Not a mark of ours",
    detail: `${hexMark(mark)} is not under the mask ${hexMark(mask)}: write a multiple of ${hexMark(first)} up to ${hexMark(last)}, for example ${hexMark(first)}.`,
  });
}

function inUse(mark: number, by: string, free: number | null): Problem {
  const instead = free === null ? "" : ` ${hexMark(free)} is free.`;
  return new Problem({
    status: 409,
    code: "mark-in-use",
    title: "The mark is in use",
    detail: `Mark ${hexMark(mark)} belongs to ${by}.${instead}`,
  });
}
