/** A unified diff, drawn: one column, or old and new side by side. */
import { Fragment, useMemo } from "react";
import styles from "./diff.module.css";
import { useGrowing } from "./growing.tsx";
import { type Line, type Row, rowsOf } from "./unified.ts";

export function DiffView({ patch, sideBySide = false }: { patch: string; sideBySide?: boolean }) {
  const rows = useMemo(() => rowsOf(patch), [patch]);
  const { shown, more } = useGrowing(rows.length, "line");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className={styles.scroll} tabIndex={0} aria-label="Text that changes">
      <table className={sideBySide ? `${styles.diff} ${styles.split}` : styles.diff}>
        {sideBySide ? (
          <colgroup>
            <col className={styles.numbers} />
            <col />
            <col className={styles.numbers} />
            <col />
          </colgroup>
        ) : null}
        <thead className="visually-hidden">
          <tr>
            {sideBySide ? (
              <>
                <th scope="col">Old line</th>
                <th scope="col">Old text</th>
                <th scope="col">New line</th>
                <th scope="col">New text</th>
              </>
            ) : (
              <>
                <th scope="col">Old line</th>
                <th scope="col">New line</th>
                <th scope="col">Text</th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {rows
            .slice(0, shown)
            .map((row, index) =>
              sideBySide ? (
                <Split key={keyOf(row, index)} row={row} />
              ) : (
                <Single key={keyOf(row, index)} row={row} />
              ),
            )}
        </tbody>
      </table>
      {more}
    </section>
  );
}

function keyOf(row: Row, index: number): string {
  if (row.kind === "gap") return `gap ${index}`;
  return `${row.before?.number ?? ""} ${row.after?.number ?? ""}`;
}

function Gap({ lines, columns }: { lines: number; columns: number }) {
  return (
    <tr className={styles.gap}>
      <td colSpan={columns}>{lines === 1 ? "1 line" : `${lines.toLocaleString("en")} lines`} unchanged</td>
    </tr>
  );
}

function Single({ row }: { row: Row }) {
  if (row.kind === "gap") return <Gap lines={row.lines} columns={3} />;
  if (row.kind === "same") {
    return (
      <tr>
        <LineNumber line={row.before} />
        <LineNumber line={row.after} />
        <LineText line={row.after} change={null} />
      </tr>
    );
  }
  return (
    <>
      {row.before ? (
        <tr className={styles.removed}>
          <LineNumber line={row.before} />
          <LineNumber line={null} />
          <LineText line={row.before} change="removed" />
        </tr>
      ) : null}
      {row.after ? (
        <tr className={styles.added}>
          <LineNumber line={null} />
          <LineNumber line={row.after} />
          <LineText line={row.after} change="added" />
        </tr>
      ) : null}
    </>
  );
}

function Split({ row }: { row: Row }) {
  if (row.kind === "gap") return <Gap lines={row.lines} columns={4} />;
  const same = row.kind === "same";
  return (
    <tr>
      <LineNumber line={row.before} change={same ? null : "removed"} />
      <LineText line={row.before} change={same ? null : "removed"} />
      <LineNumber line={row.after} change={same ? null : "added"} />
      <LineText line={row.after} change={same ? null : "added"} />
    </tr>
  );
}

type Change = "added" | "removed" | null;

function LineNumber({ line, change = null }: { line: Line | null; change?: Change }) {
  return <td className={`${styles.number} ${line ? look(change) : styles.none}`}>{line?.number}</td>;
}

function LineText({ line, change }: { line: Line | null; change: Change }) {
  if (!line) return <td className={styles.none} />;
  return (
    <td className={`${styles.text} ${look(change)}`}>
      <span className={styles.sign} aria-hidden="true">
        {change === "added" ? "+" : change === "removed" ? "−" : ""}
      </span>
      {change ? <span className="visually-hidden">{change}: </span> : null}
      {line.pieces.map(({ text, changed }, index) => (
        <Fragment key={index}>{changed ? <mark>{text}</mark> : text}</Fragment>
      ))}
    </td>
  );
}

function look(change: Change): string {
  return change ? (styles[change] ?? "") : "";
}
