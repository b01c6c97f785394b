/** A mark of ours that somebody else uses too: his packets would go our way, or ours his. */
import { highestIndex, type Marks, markOf } from "@flowmgr/flow-compiler";
import type { Config, Diagnostic } from "@flowmgr/flow-model";
import type { Ipvs, Reading } from "@flowmgr/kernel";
import { type KeptMark, wholeMarks } from "./kept-marks.ts";

type Owned = Omit<KeptMark, "byHand">;

/** What else uses marks on this machine. */
export type Others = Pick<Reading, "foreignMarks" | "ipvs">;

type Clash = {
  owner: Owned;
  /** Who else uses the mark, in words: `ip rule to table 77`. */
  by: string;
};

/** `director pool`, `table 100`. */
export const ownerName = ({ kind, name }: Pick<Owned, "kind" | "name">): string =>
  `${kind === "directors" ? "director" : "table"} ${name}`;

export const hexMark = (mark: number): string => `0x${mark.toString(16)}`;

/**
 * Who else uses this mark; null when nobody does. `kept`: who had which mark before, for whom IPVS and the firewall may
 * still be set up. So a rule that only compares is no clash for whom it has known: it lets his packets in.
 */
export function clashOf(owner: Owned, mask: number, others: Others, kept: readonly Owned[]): Clash | null {
  const known = kept.some((one) => one.mark === owner.mark && ownerName(one) === ownerName(owner));
  const by =
    others.foreignMarks.find((one) => collides(owner.mark, mask, one) && !(known && one.compares))?.where ??
    serviceOfOthers(owner, mask, others.ipvs, kept);
  return by === null ? null : { owner, by };
}

/** Would a packet that carries our mark meet the test of the other, as far as our bits go? */
function collides(ours: number, mask: number, other: { mark: number; mask: number }): boolean {
  const common = mask & other.mask;
  return common !== 0 && ((ours ^ other.mark) & common) === 0;
}

/**
 * A service that waits for just a director's mark is what makes the director work, whoever set it up first. It is
 * somebody else's when another director had this mark before, when the mark is a table's, whose packets would end in
 * IPVS, and when the service wants more bits than ours: the director's packets lose those before IPVS looks.
 */
function serviceOfOthers(
  { mark, kind, name }: Owned,
  mask: number,
  ipvs: Ipvs,
  kept: readonly Owned[],
): string | null {
  if ("absent" in ipvs) return null;
  const service = ipvs.services.find((one) => (one.mark & mask) >>> 0 === mark);
  if (service === undefined) return null;
  const words = `IPVS service for mark ${service.mark} (${hexMark(service.mark)}), scheduler ${service.scheduler}`;
  if (kind === "tables" || service.mark !== mark) return words;
  const before = kept.find((one) => one.mark === mark && one.kind === "directors" && one.name !== name);
  return before === undefined ? null : `${words}, which was set up for ${ownerName(before)}`;
}

/** All marks that others use too, in the order of the marks. */
export function clashes(marks: Marks, mask: number, others: Others, kept: readonly Owned[]): Clash[] {
  return wholeMarks(marks, mask).flatMap((owner) => clashOf(owner, mask, others, kept) ?? []);
}

/**
 * The first mark that is new in `marks` and used by others, as an error at the policy that wants it; null when there
 * is none. A mark that is in force already stays: live connections hang on it.
 */
export function markConflict(
  config: Config,
  marks: Marks,
  inForce: Marks,
  mask: number,
  others: Others,
  kept: readonly Owned[],
): Diagnostic | null {
  const isNew = ({ kind, name, mark }: Owned) => {
    const index = new Map(Object.entries(inForce[kind])).get(name);
    return index === undefined || markOf(index, mask) !== mark;
  };
  const [clash] = clashes(marks, mask, others, kept).filter(({ owner }) => isNew(owner));
  return clash ? inUse(config, clash) : null;
}

/** The lowest mark that nobody has, had or uses; null when there is none. */
export function freeMark(mask: number, others: Others, kept: readonly Owned[]): number | null {
  const had = new Set(kept.map(({ mark }) => mark));
  for (let index = 1; index <= highestIndex(mask); index += 1) {
    const mark = markOf(index, mask);
    // A table's must not meet any service, so this is free for whoever wants it.
    const owner: Owned = { kind: "tables", name: "", mark };
    if (!had.has(mark) && clashOf(owner, mask, others, kept) === null) return mark;
  }
  return null;
}

function inUse(config: Config, { owner, by }: Clash): Diagnostic {
  const { kind, name, mark } = owner;
  const index = config.items.findIndex((item) => {
    const policy = item.kind === "flow" || item.kind === "outflow" ? item.policy : null;
    return kind === "directors"
      ? policy?.action === "director" && policy.director === name
      : policy?.action === "table" && policy.table === name;
  });
  const item = config.items[index];
  const another = kind === "directors" ? "set another for the director in Paths, " : "";
  return {
    code: "mark-in-use",
    severity: "error",
    message: `mark ${hexMark(mark)}, meant for ${ownerName(owner)}, is used by others: ${by}`,
    help: `free it there, ${another}or start with another --mark-mask`,
    ...(item && "name" in item && { flow: item.name, path: `/items/${index}/policy` }),
  };
}

/** The same for marks that are in force, where nothing is refused any more. */
export function clashWarning({ owner, by }: Clash): string {
  const what = `${hexMark(owner.mark)}, the mark of ${ownerName(owner)} that is in force, is used by others: ${by}`;
  return `${what}. Packets of either go the way of the other; free it there, or give the ${owner.kind === "directors" ? "director another mark" : "table another --mark-mask"}`;
}
