// biome-ignore-all lint/a11y/useSemanticElements: a table element cannot leave out the rows that are not in sight
// biome-ignore-all lint/a11y/useFocusableInteractive: the rows of flows take the focus, header and notes do not
import type { Status } from "@flowmgr/flow-api";
import type { Config } from "@flowmgr/flow-model";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type Ref, useCallback, useImperativeHandle, useRef } from "react";
import { useNarrow } from "../ui/use-media.ts";
import type { FlowActions } from "./actions.ts";
import styles from "./flow-list.module.css";
import { FlowRow } from "./flow-row.tsx";
import { heightOf, lastWord, type Row } from "./rows.ts";

export type ListGrip = {
  /** Scrolls to the row and gives it the focus. */
  focus(name: string): void;
  /** Scrolls to the row. */
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
  unsaved: ReadonlySet<string>;
  readOnly: boolean;
  actions: FlowActions;
  activate: (name: string) => void;
  askBefore: (name: string) => void;
};

const HEAD = 32;
const NOTE = 37;
const COLUMNS = ["", "#", "on", "name", "policy", "takes", "packets/s", "hits"];

/** The grid of flows; only rows in sight exist. */
export function FlowList(props: FlowListProps) {
  const { rows, active } = props;
  const narrow = useNarrow();
  const scroller = useRef<HTMLDivElement>(null);
  const ends = props.whole ? 1 : 0;
  // A new function would make the list compute the places of all its rows again, at every step of a scroll.
  const keyAt = useCallback(
    (index: number) => rows[index - ends]?.flow.name ?? `note ${index}`,
    [rows, ends],
  );
  const virtual = useVirtualizer({
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
  const sizes = sizesOf(rows, narrow);
  const measured = useRef(sizes);
  if (measured.current !== sizes) {
    measured.current = sizes;
    virtual.measure();
  }
  const focusable = rows.some(({ flow }) => flow.name === active) ? active : (rows[0]?.flow.name ?? null);

  function reveal(name: string): boolean {
    const index = rows.findIndex(({ flow }) => flow.name === name);
    if (index >= 0) virtual.scrollToIndex(index + ends, { align: "auto" });
    return index >= 0;
  }
  useImperativeHandle(props.ref, () => ({
    reveal,
    focus(name) {
      if (!reveal(name)) return;
      requestAnimationFrame(() => rowElement(scroller.current, name)?.focus({ preventScroll: true }));
    },
  }));

  return (
    <div ref={scroller} className={styles.scroller}>
      <div role="grid" aria-label="Flows" aria-rowcount={rows.length + 1} aria-colcount={COLUMNS.length}>
        <Head />
        <div role="rowgroup" className={styles.body} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index - ends];
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
                    active={row.flow.name === focusable}
                    opened={row.flow.name === props.opened}
                    narrow={narrow}
                    readOnly={props.readOnly}
                    unsaved={props.unsaved.has(row.flow.name)}
                    running={props.running}
                    actions={props.actions}
                    askBefore={props.askBefore}
                    activate={props.activate}
                  />
                ) : (
                  <Note first={item.index === 0} draft={props.draft} spared={props.spared} />
                )}
              </div>
            );
          })}
        </div>
      </div>
      {rows.length === 0 ? <p className={styles.nothing}>No flow holds all of these words.</p> : null}
    </div>
  );
}

function Head() {
  return (
    <div role="row" aria-rowindex={1} className={styles.head}>
      {COLUMNS.map((label) => (
        <div key={label} role="columnheader">
          {label || <span className="visually-hidden">actions</span>}
        </div>
      ))}
    </div>
  );
}

type NoteProps = { first: boolean; draft: Config; spared: Status["spared"] | undefined };

/** The first line says what no rule judges, the last what happens to packets that no flow decides. */
function Note({ first, draft, spared }: NoteProps) {
  return (
    <div role="row" className={styles.note}>
      <div role="gridcell" aria-colspan={COLUMNS.length}>
        {first ? sparedText(spared) : <LeftOver draft={draft} />}
      </div>
    </div>
  );
}

function sparedText(spared: Status["spared"] | undefined): string {
  if (!spared) return "";
  if (spared.loopback && spared.neighbours) return "loopback and neighbour discovery go on untouched";
  if (spared.loopback) return "loopback goes on untouched; neighbour discovery is judged like the rest";
  if (spared.neighbours) return "neighbour discovery goes on untouched; loopback is judged like the rest";
  return "every packet is judged, loopback and neighbour discovery too";
}

function LeftOver({ draft }: { draft: Config }) {
  const last = lastWord(draft);
  if (!last) return "everything else goes on untouched";
  return (
    <>
      nothing is left after <b>{last.name}</b>
    </>
  );
}

/** One value as long as no row changes its height, so that the list measures again only then. */
let known: { rows: Row[]; narrow: boolean; text: string } | null = null;
function sizesOf(rows: Row[], narrow: boolean): string {
  if (known?.rows === rows && known.narrow === narrow) return known.text;
  const text = rows.map((row) => String.fromCharCode(heightOf(row, narrow))).join("");
  known = { rows, narrow, text };
  return text;
}

function rowElement(scroller: HTMLElement | null, name: string): HTMLElement | null {
  return scroller?.querySelector<HTMLElement>(`[data-flow="${CSS.escape(name)}"]`) ?? null;
}
