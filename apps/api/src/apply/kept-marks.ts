/**
 * Who has or had which mark, on disk: over edits, removal and return, restarts and another mask. A mark stands there
 * whole; how the compiler counts marks (`Marks`) depends on the mask.
 */
import type { DatabaseSync } from "node:sqlite";
import { indexOf, type Marks, markOf } from "@flowmgr/flow-compiler";
import { z } from "zod";

const row = z.object({
  mark: z.number(),
  kind: z.enum(["directors", "tables"]),
  name: z.string(),
  by_hand: z.number(),
});

export type KeptMark = {
  mark: number;
  kind: keyof Marks;
  name: string;
  /** Somebody said that it has to be this one. */
  byHand: boolean;
};

/** `db` is migrated. Nothing is kept in memory. */
export function openMarks(db: DatabaseSync) {
  const all = (): KeptMark[] =>
    db
      .prepare("SELECT mark, kind, name, by_hand FROM mark ORDER BY mark")
      .all()
      .map((found) => row.parse(found))
      .map(({ by_hand, ...mark }) => ({ ...mark, byHand: by_hand === 1 }));

  /** Whoever had the mark, or had another, has it no more. */
  function put({ mark, kind, name, byHand }: KeptMark): void {
    db.prepare("DELETE FROM mark WHERE mark = ? OR (kind = ? AND name = ?)").run(mark, kind, name);
    db.prepare("INSERT INTO mark (mark, kind, name, by_hand) VALUES (?, ?, ?, ?)").run(
      mark,
      kind,
      name,
      byHand ? 1 : 0,
    );
  }

  return {
    all,

    /** The marks that are given now. What is set by hand stays so where it is not another. */
    remember(marks: Marks, mask: number): void {
      const known = new Map(all().map((one) => [`${one.kind} ${one.name}`, one]));
      for (const given of wholeMarks(marks, mask)) {
        const before = known.get(`${given.kind} ${given.name}`);
        if (before?.mark !== given.mark) put({ ...given, byHand: false });
      }
    },

    setByHand: (name: string, mark: number): void => put({ mark, kind: "directors", name, byHand: true }),

    /** It keeps its mark, as one that was given. */
    release(name: string): void {
      db.prepare("UPDATE mark SET by_hand = 0 WHERE kind = 'directors' AND name = ?").run(name);
    },
  };
}

/** Marks by their value instead of their index. */
export function wholeMarks(marks: Marks, mask: number): Omit<KeptMark, "byHand">[] {
  return (["directors", "tables"] as const).flatMap((kind) =>
    Object.entries(marks[kind]).map(([name, index]) => ({ mark: markOf(index, mask), kind, name })),
  );
}

/** Those that the mask holds, as the compiler counts them; of two with one mark the first. */
export function marksUnder(mask: number, kept: readonly Omit<KeptMark, "byHand">[]): Marks {
  const seen = new Set<number>();
  const held = kept.flatMap(({ mark, kind, name }) => {
    const index = indexOf(mark, mask);
    if (index === null || seen.has(index)) return [];
    seen.add(index);
    return [{ kind, name, index }];
  });
  const of = (wanted: keyof Marks) =>
    Object.fromEntries(held.flatMap(({ kind, name, index }) => (kind === wanted ? [[name, index]] : [])));
  return { directors: of("directors"), tables: of("tables") };
}
