// biome-ignore-all lint/a11y/useSemanticElements: a table element cannot leave out the rows that are not in sight
// biome-ignore-all lint/a11y/useFocusableInteractive: rows hold links, which take the focus

import type { KernelChain } from "@flowmgr/flow-api";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Fragment, type Ref, useCallback, useImperativeHandle, useRef } from "react";
import { Link } from "wouter";
import { partText } from "../rule/words.ts";
import { listAddress } from "../ui/list-chip.tsx";
import { counted } from "../ui/say.ts";
import { useMedia } from "../ui/use-media.ts";
import styles from "./kernel.module.css";
import { partsOf, type Row, rowOfChain, shortCount } from "./rows.ts";

export type ChainListGrip = {
  /** Brings a chain to the top and gives it the focus. */
  show(name: string): void;
};

type ChainListProps = {
  ref?: Ref<ChainListGrip>;
  label: string;
  rows: Row[];
  /** Names of all chains: a target that is one of them is a link. */
  names: ReadonlySet<string>;
  /** The address of a chain here. */
  addressOf: (chain: string) => string;
};

const HEAD = 32;
/** Heights as most rows have them; each is measured once it is drawn. */
const CHAIN = 41;
const RULE = { wide: 25, narrow: 68 };
const COLUMNS = ["packets", "bytes", "target", "words", "from"];

/** Chains and their rules; only rows in sight exist, and long words make a row higher. */
export function ChainList({ ref, label, rows, names, addressOf }: ChainListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const narrow = useMedia("(max-width: 899px)");
  const rule = narrow ? RULE.narrow : RULE.wide;
  const head = narrow ? 0 : HEAD;
  const keyAt = useCallback((index: number) => rows[index]?.key ?? index, [rows]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index]?.kind === "chain" ? CHAIN : rule),
    getItemKey: keyAt,
    scrollMargin: head,
    scrollPaddingStart: head,
    overscan: 12,
  });
  const show = useCallback(
    (name: string) => {
      virtual.scrollToIndex(Math.max(0, rowOfChain(rows, name)), { align: "start" });
      requestAnimationFrame(() =>
        scroller.current
          ?.querySelector<HTMLElement>(`[data-chain="${CSS.escape(name)}"]`)
          ?.focus({ preventScroll: true }),
      );
    },
    [rows, virtual],
  );
  useImperativeHandle(ref, () => ({ show }));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <div ref={scroller} className={styles.scroller} tabIndex={0} role="region" aria-label={label}>
      <div role="table" aria-label={label} aria-rowcount={rows.length + 1} aria-colcount={COLUMNS.length}>
        <div role="rowgroup" className={styles.top}>
          <div role="row" aria-rowindex={1} className={styles.columns}>
            {COLUMNS.map((name) => (
              <div key={name} role="columnheader">
                {name}
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" className={styles.body} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return row ? (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                role="row"
                aria-rowindex={item.index + 2}
                className={styles.slot}
                style={{ transform: `translateY(${item.start - head}px)` }}
              >
                <Cells row={row} names={names} addressOf={addressOf} show={show} />
              </div>
            ) : null;
          })}
        </div>
      </div>
      {rows.length === 0 ? (
        <p className={styles.nothing}>No chain or rule holds all of these words.</p>
      ) : null}
    </div>
  );
}

type CellsProps = Pick<ChainListProps, "names" | "addressOf"> & { row: Row; show: (chain: string) => void };

function Cells({ row, names, addressOf, show }: CellsProps) {
  if (row.kind === "chain") return <ChainCell row={row} />;
  const { packets, bytes, text } = row.rule;
  const { target, words } = partsOf(text);
  return (
    <div role="presentation" className={styles.rule}>
      <div role="cell" className={styles.count} data-unit="packets" title={packets.toLocaleString("en")}>
        {shortCount(packets)}
      </div>
      <div role="cell" className={styles.count} data-unit="bytes" title={bytes.toLocaleString("en")}>
        {shortCount(bytes)}
      </div>
      <div role="cell" className={styles.target}>
        {names.has(target) ? (
          <Link href={addressOf(target)} onClick={() => show(target)}>
            {target}
          </Link>
        ) : (
          target
        )}
      </div>
      <div role="cell" className={styles.words}>
        {words}
        {row.lists.map((list) => (
          <Fragment key={list}>
            {" "}
            <Link href={listAddress(list)} title="The list that this set is">
              @{list}
            </Link>
          </Fragment>
        ))}
      </div>
      <div role="cell" className={styles.from}>
        <From row={row} />
      </div>
    </div>
  );
}

function ChainCell({ row: { chain, shown } }: { row: Extract<Row, { kind: "chain" }> }) {
  const { name, flow, rules } = chain;
  return (
    <div role="cell" aria-colspan={COLUMNS.length} className={styles.chain}>
      <h2 tabIndex={-1} data-chain={name}>
        {name}
      </h2>
      <span className={styles.quiet}>
        {shown < rules.length
          ? `${shown.toLocaleString("en")} of ${counted(rules.length, "rule")}`
          : counted(rules.length, "rule")}
        {foreignWords(chain)}
      </span>
      {flow === null ? null : <Link href={flowAddress(flow, null)}>flow {flow}</Link>}
    </div>
  );
}

/** What others have in a built-in chain matters: it is judged before or after ours. */
function foreignWords({ foreign }: KernelChain): string {
  if (!foreign || foreign.before + foreign.behind === 0) return "";
  return ` of ours; of others ${foreign.before} before, ${foreign.behind} behind`;
}

/** The rule that it comes from, in its panel. */
function From({ row: { chain, rule } }: { row: Extract<Row, { kind: "rule" }> }) {
  if (rule.flow === null) return null;
  const part = rule.rule !== null || chain.kind === "flow" ? partText(rule.rule) : "";
  return (
    <Link href={flowAddress(rule.flow, rule.rule)}>
      {rule.flow}
      {part}
    </Link>
  );
}

function flowAddress(flow: string, rule: number | null): string {
  return `/flows/${encodeURIComponent(flow)}${rule === null ? "" : `?rule=${rule}`}`;
}
