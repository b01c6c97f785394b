import { createTwoFilesPatch } from "diff";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Line, type Row, rowsOf } from "../../src/ui/unified.ts";

const patch = (before: string, after: string) => createTwoFilesPatch("a", "b", before, after);
const text = (line: Line) => line.pieces.map((piece) => piece.text).join("");
const line = fc.constantFrom("flow a permit", "flow b deny", "  match proto tcp", "  match proto udp", "");
const lines = fc.array(line, { maxLength: 30 });

/** What a row shows of one side, with its line number. */
function side(rows: Row[], which: "before" | "after"): [number, string][] {
  return rows.flatMap((row): [number, string][] => {
    const shown = row.kind === "gap" ? null : row[which];
    return shown ? [[shown.number, text(shown)]] : [];
  });
}

test("each side shows its own lines at their own numbers", () => {
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const rows = rowsOf(
        patch(before.map((one) => `${one}\n`).join(""), after.map((one) => `${one}\n`).join("")),
      );
      for (const [number, shown] of side(rows, "before")) expect(shown).toBe(before[number - 1]);
      for (const [number, shown] of side(rows, "after")) expect(shown).toBe(after[number - 1]);
    }),
  );
});

test("what differs is shown whole, what is the same is counted", () => {
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      fc.pre(before.join("\n") !== after.join("\n"));
      const rows = rowsOf(
        patch(before.map((one) => `${one}\n`).join(""), after.map((one) => `${one}\n`).join("")),
      );
      const gone = rows.filter(({ kind }) => kind === "removed").length;
      const come = rows.filter(({ kind }) => kind === "added").length;
      expect(come - gone).toBe(after.length - before.length);
    }),
  );
});

test("a changed line names the words that changed", () => {
  const [row] = rowsOf(patch("match dst 10.0.0.1 dstport 22\n", "match dst 10.0.0.1 dstport 25\n"));
  expect(row).toEqual({
    kind: "changed",
    before: {
      number: 1,
      pieces: [
        { text: "match dst 10.0.0.1 dstport ", changed: false },
        { text: "22", changed: true },
      ],
    },
    after: {
      number: 1,
      pieces: [
        { text: "match dst 10.0.0.1 dstport ", changed: false },
        { text: "25", changed: true },
      ],
    },
  });
});

test("lines that stand side by side by chance name no words", () => {
  const [flow, rule] = rowsOf(
    patch("flow service-0 director lb0\n  match src 172.16.0.9\n", "list big {\n  10.0.0.16/28,\n"),
  );
  for (const row of [flow, rule]) {
    expect(row?.kind).toBe("changed");
    expect(JSON.stringify(row)).not.toContain('"changed":true');
  }
});

test("lines left out before and between hunks are gaps", () => {
  const before = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`);
  const after = before.with(19, "changed").with(39, "changed");
  const rows = rowsOf(patch(`${before.join("\n")}\n`, `${after.join("\n")}\n`));
  expect(rows.filter(({ kind }) => kind === "gap")).toEqual([
    { kind: "gap", lines: 15 },
    { kind: "gap", lines: 11 },
  ]);
});

test("a missing line end at the end is no line", () => {
  expect(rowsOf(patch("a", "a\nb"))).toHaveLength(2);
});
