// biome-ignore-all lint/a11y/useSemanticElements: a table element cannot leave out the rows that are not in sight
import type { Status } from "@flowmgr/flow-api";
import type { Config } from "@flowmgr/flow-model";
import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { type Ref, type RefObject, useCallback, useImperativeHandle, useLayoutEffect, useRef } from "react";
import { useMedia, useNarrow } from "../ui/use-media.ts";
import type { FlowActions } from "./actions.ts";
import { type DropGap, useDrag } from "./drag.ts";
import styles from "./flow-list.module.css";
import { COLUMNS, DropLine, Head, Note } from "./flow-list-notes.tsx";
import { FlowRow, type RowSteps } from "./flow-row.tsx";
import { grownAbove, heightOf, type Row } from "./rows.ts";

export type ListGrip = {
  /** Scrolls to the row and gives it the focus; false where there is none. */
  focus(name: string): boolean;
  /** Scrolls to the row, and into the middle where it was out of sight: warnings that come push it down no further. */
  reveal(name: string): void;
};

type FlowListProps = {
  ref?: Ref<ListGrip>;
  rows: Row[];
  draft: Config;
  running: Config | null;
  spared: Status["spared"] | undefined;
  /** False while a search hides some rows: what is spared and left over speaks of all of them. */
  whole: boolean;
  active: string | null;
  opened: string | null;
  selected: ReadonlySet<string>;
  unsaved: ReadonlySet<string>;
  readOnly: boolean;
  actions: FlowActions;
  steps: RowSteps;
  /** What moves with a flow that is taken by its grip. */
  taken: (name: string) => ReadonlySet<string>;
  /** Puts flows between two rows; `index` counts the rows above. */
  drop: (names: ReadonlySet<string>, index: number) => void;
};

const HEAD = 32;
const NOTE = 37;

/** The grid of flows; only rows in sight exist. */
export function FlowList(props: FlowListProps) {
  const { rows, active, selected, readOnly } = props;
  const phone = useNarrow();
  // Windows that leave the columns no room: a small one (or a page at 200 %), a middling one beside a panel.
  const small = useMedia("(max-width: 899px)");
  const tight = useMedia("(max-width: 1279px)");
  const narrow = small || (tight && props.opened !== null);
  const scroller = useRef<HTMLDivElement>(null);
  const line = useRef<HTMLDivElement>(null);
  const ends = props.whole ? 1 : 0;
  const virtual = useVirtualRows(rows, ends, narrow, scroller);
  // Rows ask for what can be done when something is done, so that a new list of it draws no row again.
  const actions = useRef(props.actions);
  actions.current = props.actions;
  const { dragged, onPointerDown } = useDrag({
    scroller,
    line,
    gapAt: (y) => gapAt(virtual, rows.length, ends, y),
    take: (name) => (phone || readOnly ? null : props.taken(name)),
    drop: props.drop,
  });
  const focusable = rows.some(({ flow }) => flow.name === active) ? active : (rows[0]?.flow.name ?? null);

  function reveal(name: string, align: "auto" | "center" = "auto"): boolean {
    const index = rows.findIndex(({ flow }) => flow.name === name);
    if (index >= 0) virtual.scrollToIndex(index + ends, { align });
    return index >= 0;
  }
  useImperativeHandle(props.ref, () => ({
    reveal: (name) => inSight(scroller.current, name) || reveal(name, "center"),
    focus(name) {
      if (!reveal(name)) return false;
      requestAnimationFrame(() => rowElement(scroller.current, name)?.focus({ preventScroll: true }));
      return true;
    },
  }));

  return (
    <div ref={scroller} className={styles.scroller} data-dragging={dragged !== null || undefined}>
      <div
        role="grid"
        className={styles.grid}
        aria-label="Flows"
        aria-multiselectable="true"
        aria-rowcount={rows.length + 1}
        aria-colcount={COLUMNS.length}
        data-narrow={narrow || undefined}
        data-many={rows.length > 999 || undefined}
        data-selecting={selected.size > 0 || undefined}
      >
        <Head />
        <div
          role="rowgroup"
          className={styles.body}
          style={{ height: virtual.getTotalSize() }}
          onPointerDown={onPointerDown}
        >
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index - ends];
            const name = row?.flow.name ?? "";
            return (
              <div
                key={item.key}
                role="presentation"
                className={styles.slot}
                style={{ height: item.size, transform: `translateY(${item.start - HEAD}px)` }}
              >
                {row ? (
                  <FlowRow
                    row={row}
                    index={item.index - ends + 2}
                    active={name === focusable}
                    opened={name === props.opened}
                    selected={selected.has(name)}
                    dragged={dragged?.has(name) ?? false}
                    narrow={narrow}
                    readOnly={readOnly}
                    unsaved={props.unsaved.has(name)}
                    running={props.running}
                    actions={actions}
                    steps={props.steps}
                  />
                ) : (
                  <Note first={item.index === 0} draft={props.draft} spared={props.spared} />
                )}
              </div>
            );
          })}
          <DropLine ref={line} count={dragged?.size ?? 0} />
        </div>
      </div>
    </div>
  );
}

type Rows = Virtualizer<HTMLDivElement, Element>;

function useVirtualRows(
  rows: Row[],
  ends: number,
  narrow: boolean,
  scroller: RefObject<HTMLDivElement | null>,
): Rows {
  // A new function would make the list compute the places of all its rows again, at every step of a scroll.
  const keyAt = useCallback(
    (index: number) => rows[index - ends]?.flow.name ?? `note ${index}`,
    [rows, ends],
  );
  const virtual: Rows = useVirtualizer({
    count: rows.length + 2 * ends,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => {
      const row = rows[index - ends];
      return row ? heightOf(row, narrow) : NOTE;
    },
    getItemKey: keyAt,
    scrollMargin: HEAD,
    scrollPaddingStart: HEAD,
    overscan: 8,
  });
  const now = { rows, heights: sizesOf(rows, narrow) };
  const measured = useRef(now);
  const grown = useRef(0);
  if (measured.current.heights !== now.heights) {
    grown.current = grownAbove(measured.current, now, (virtual.scrollOffset ?? 0) - ends * NOTE);
    virtual.measure();
  }
  measured.current = now;
  // What one reads stays where it is when warnings come to rows above it.
  useLayoutEffect(() => {
    if (grown.current === 0 || !scroller.current) return;
    scroller.current.scrollTop += grown.current;
    grown.current = 0;
  });
  return virtual;
}

/** The gap between rows that is nearest to a height in the scroller. */
function gapAt(virtual: Rows, count: number, ends: number, y: number): DropGap {
  const item = virtual.getVirtualItemForOffset(y);
  if (!item) return { index: 0, y: 0 };
  const below = y > item.start + item.size / 2;
  const index = item.index - ends + (below ? 1 : 0);
  // The notes at both ends are no rows: what is dropped on one goes beside it.
  if (index < 0 || item.index - ends < 0) return { index: 0, y: item.start + item.size - HEAD };
  if (item.index - ends >= count) return { index: count, y: item.start - HEAD };
  return { index, y: (below ? item.start + item.size : item.start) - HEAD };
}

/** One value as long as no row changes its height, so that the list measures again only then. */
let known: { rows: Row[]; narrow: boolean; text: string } | null = null;
function sizesOf(rows: Row[], narrow: boolean): string {
  if (known?.rows === rows && known.narrow === narrow) return known.text;
  const text = rows.map((row) => String.fromCharCode(heightOf(row, narrow))).join("");
  known = { rows, narrow, text };
  return text;
}

function inSight(scroller: HTMLElement | null, name: string): boolean {
  const row = rowElement(scroller, name)?.getBoundingClientRect();
  const all = scroller?.getBoundingClientRect();
  return row !== undefined && all !== undefined && row.top >= all.top + HEAD && row.bottom <= all.bottom;
}

function rowElement(scroller: HTMLElement | null, name: string): HTMLElement | null {
  return scroller?.querySelector<HTMLElement>(`[data-flow="${CSS.escape(name)}"]`) ?? null;
}
