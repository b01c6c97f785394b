/** A unified diff as rows to draw. */
import { diffWordsWithSpace, parsePatch } from "diff";

/** A piece of a line; `changed` where it differs from its counterpart. */
export type Piece = { text: string; changed: boolean };
export type Line = { number: number; pieces: Piece[] };
export type Row =
  | { kind: "same"; before: Line; after: Line }
  | { kind: "changed"; before: Line; after: Line }
  | { kind: "removed"; before: Line; after: null }
  | { kind: "added"; before: null; after: Line }
  /** Lines that both have and the diff leaves out. */
  | { kind: "gap"; lines: number };

/** Beyond this a line is drawn whole: looking for the words that differ would cost more than it shows. */
const WORDS_UP_TO = 400;

/** Rows of a unified diff, removed lines paired with the added ones that stand in for them. */
export function rowsOf(patch: string): Row[] {
  const rows: Row[] = [];
  let next = 1;
  for (const hunk of parsePatch(patch)[0]?.hunks ?? []) {
    if (hunk.oldStart > next) rows.push({ kind: "gap", lines: hunk.oldStart - next });
    const at = { before: hunk.oldStart, after: hunk.newStart };
    let removed: string[] = [];
    let added: string[] = [];
    const flush = () => {
      rows.push(...paired(removed, added, at));
      removed = [];
      added = [];
    };
    for (const line of hunk.lines) {
      const text = line.slice(1);
      if (line.startsWith("-")) {
        if (added.length > 0) flush();
        removed.push(text);
      } else if (line.startsWith("+")) added.push(text);
      else if (line.startsWith(" ")) {
        flush();
        rows.push({
          kind: "same",
          before: whole(at.before++, text),
          after: whole(at.after++, text),
        });
      }
    }
    flush();
    next = hunk.oldStart + hunk.oldLines;
  }
  return rows;
}

function paired(removed: string[], added: string[], at: { before: number; after: number }): Row[] {
  const rows: Row[] = [];
  for (let index = 0; index < Math.max(removed.length, added.length); index++) {
    const before = removed[index];
    const after = added[index];
    if (before !== undefined && after !== undefined) {
      const [old, now] = words(before, after);
      rows.push({
        kind: "changed",
        before: { number: at.before++, pieces: old },
        after: { number: at.after++, pieces: now },
      });
    } else if (before !== undefined) {
      rows.push({
        kind: "removed",
        before: whole(at.before++, before),
        after: null,
      });
    } else if (after !== undefined) {
      rows.push({
        kind: "added",
        before: null,
        after: whole(at.after++, after),
      });
    }
  }
  return rows;
}

function words(before: string, after: string): [Piece[], Piece[]] {
  if (before.length + after.length > WORDS_UP_TO) {
    return [[{ text: before, changed: true }], [{ text: after, changed: true }]];
  }
  const parts = diffWordsWithSpace(before, after);
  // Where a line stands beside another one by chance, the few words that both have say nothing.
  const common = parts.filter(({ added, removed }) => !added && !removed).map(({ value }) => value.trim());
  if (common.join("").length * 2 < Math.min(before.trim().length, after.trim().length)) {
    return [[{ text: before, changed: false }], [{ text: after, changed: false }]];
  }
  const side = (other: "added" | "removed") =>
    parts
      .filter((part) => !part[other])
      .map((part) => ({
        text: part.value,
        changed: part.added || part.removed,
      }));
  return [side("added"), side("removed")];
}

function whole(number: number, text: string): Line {
  return { number, pieces: [{ text, changed: false }] };
}
