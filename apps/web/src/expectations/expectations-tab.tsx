/** What must be true of the config: each expectation green or red, with a packet that says otherwise. */
import { type Config, type Expect, parse, printItem } from "@flowmgr/flow-model";
import { useEffect, useMemo, useRef, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { useCheck, useEdit } from "../api/index.ts";
import { searchAddress } from "../packets/asked.ts";
import { textOf } from "../rule/set-of-packets.ts";
import { type Action, menuOf, perform, useActions } from "../ui/actions.ts";
import { Button } from "../ui/button.tsx";
import { copyText } from "../ui/clipboard.ts";
import { Menu } from "../ui/menu.tsx";
import { notify } from "../ui/notices.tsx";
import { ExpectDialog } from "./expect-dialog.tsx";
import { ExpectLine } from "./expect-line.tsx";
import styles from "./expectations.module.css";
import { type ExpectRow, rowsOf, summaryOf } from "./rows.ts";

type ExpectationsTabProps = {
  config: Config;
  /** Why nothing can be changed now; null when it can. */
  locked: string | null;
};

export const NEW_EXPECT: Expect = {
  kind: "expect",
  direction: "in",
  verdict: { action: "deny" },
  conditions: {},
  comment: [],
  note: "",
};

const EXAMPLE = "expect deny not src 192.168.0.0/24 dst 192.168.0.1 dstport 22";

export function ExpectationsTab({ config, locked }: ExpectationsTabProps) {
  const check = useCheck();
  const { edit, undo } = useEdit();
  const [opened, setOpened] = useState<{ begun: Expect; changes: string | null } | null>(null);
  const judged = check.data?.findings?.expectations;
  const rows = useMemo(() => rowsOf(config, judged ?? []), [config, judged]);
  const add: Action = {
    id: "expectations new",
    label: "New expectation",
    group: "Expectations",
    keys: ["n"],
    disabled: locked,
    run: () => setOpened({ begun: NEW_EXPECT, changes: null }),
  };
  useActions([add]);
  const at = new URLSearchParams(useSearch()).get("at");

  /** Past its neighbour among the expectations; what stands between them in the config stays. */
  function move(key: string, by: -1 | 1): void {
    const next = rows[rows.findIndex((row) => row.key === key) + by];
    if (!next) return;
    const place = by < 0 ? { before: next.key } : { after: next.key };
    const problem = edit([{ do: "move", name: key, ...place }], "move an expectation");
    if (problem) notify({ text: problem.message, tone: "error" });
  }

  function remove(key: string): void {
    const label = "remove an expectation";
    const problem = edit([{ do: "remove", name: key }], label);
    notify(
      problem
        ? { text: problem.message, tone: "error" }
        : { text: "Expectation removed", action: { label: "Undo", run: undo, undoes: label } },
    );
  }

  return (
    <>
      {rows.length === 0 ? (
        <Empty add={add} locked={locked} begin={(begun) => setOpened({ begun, changes: null })} />
      ) : (
        <>
          <div className={styles.head}>
            <p role="status">{summaryOf(rows)}</p>
            <Button
              aria-disabled={add.disabled !== null || undefined}
              title={add.disabled ?? undefined}
              onClick={() => perform(add)}
            >
              + Expectation
            </Button>
          </div>
          <ul className={styles.list}>
            {rows.map((row, index) => (
              <Row
                key={`${row.key} ${index}`}
                row={row}
                locked={locked}
                sought={row.key === at}
                up={index === 0 ? null : () => move(row.key, -1)}
                down={index === rows.length - 1 ? null : () => move(row.key, 1)}
                change={() => setOpened({ begun: row.expect, changes: row.key })}
                remove={() => remove(row.key)}
              />
            ))}
          </ul>
        </>
      )}
      {opened ? <ExpectDialog {...opened} config={config} close={() => setOpened(null)} /> : null}
    </>
  );
}

type RowProps = {
  row: ExpectRow;
  locked: string | null;
  /** The address names it. */
  sought: boolean;
  /** One place on; null where it is the first, or the last. */
  up: (() => void) | null;
  down: (() => void) | null;
  change: () => void;
  remove: () => void;
};

function Row({ row, locked, sought, up, down, change, remove }: RowProps) {
  const [, go] = useLocation();
  const line = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (sought) line.current?.scrollIntoView({ block: "nearest" });
  }, [sought]);
  const { expect, key } = row;
  const action = (label: string, run: () => void, disabled: string | null = null): Action => {
    return { id: `expectation ${label}`, label, group: "Expectation", disabled, run };
  };
  const search = () => {
    const { direction, conditions } = expect;
    go(searchAddress({ text: textOf(conditions), direction, verdict: null, config: "draft" }));
  };
  const stay = () => {};
  const moves = [
    action("Move up", up ?? stay, locked ?? (up ? null : "It is the first.")),
    action("Move down", down ?? stay, locked ?? (down ? null : "It is the last.")),
  ];
  const changes = [action("Change…", change, locked), { ...action("Remove", remove, locked), danger: true }];
  const looks = [
    action("Search these packets", search),
    action("Copy as text", () => void copyText(`${printItem(expect)}\n`, "Expectation copied as text")),
  ];
  return (
    <li ref={line} className={styles.row} aria-current={sought || undefined}>
      <ExpectLine row={row} />
      <Menu label={`Actions of ${key}`} className={styles.more} entries={() => menuOf(looks, moves, changes)}>
        <span aria-hidden="true">⋯</span>
      </Menu>
    </li>
  );
}

type EmptyProps = { add: Action; locked: string | null; begin: (expect: Expect) => void };

function Empty({ add, locked, begin }: EmptyProps) {
  const example = parse(EXAMPLE).config.items.find((item) => item.kind === "expect");
  return (
    <div className={styles.empty}>
      <h2>Nothing is expected yet</h2>
      <p>
        An expectation says what must be true of every packet of a kind, whatever is edited later. It changes
        nothing in the kernel; an apply is refused while one fails, with a packet that shows why. “Nobody from
        outside reaches ssh of this machine” is:
      </p>
      <code>{EXAMPLE}</code>
      <div className={styles.answers}>
        <Button
          look="primary"
          aria-disabled={add.disabled !== null || undefined}
          title={add.disabled ?? undefined}
          onClick={() => perform(add)}
        >
          New expectation
        </Button>
        {example ? (
          <Button
            aria-disabled={locked !== null || undefined}
            title={locked ?? undefined}
            onClick={() => locked === null && begin(example)}
          >
            Begin with this one
          </Button>
        ) : null}
      </div>
    </div>
  );
}
