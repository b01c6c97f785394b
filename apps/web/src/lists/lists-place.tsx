/** Named lists: what each holds, where it is used; open one to change it. */
import type { Config } from "@flowmgr/flow-model";
import { useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { loadDraft, useCheck, useDraft } from "../api/index.ts";
import { type Action, perform, useActions } from "../ui/actions.ts";
import { Button } from "../ui/button.tsx";
import { listAddress } from "../ui/list-chip.tsx";
import { OfDraft } from "../ui/of-draft.tsx";
import { PlaceState } from "../ui/states.tsx";
import { TextErrors } from "../ui/text-errors.tsx";
import { useKeys } from "../ui/use-keys.ts";
import { useNarrow } from "../ui/use-media.ts";
import { usePanelKey } from "../ui/use-panel-key.ts";
import { ListPanel } from "./list-panel.tsx";
import { ListTable } from "./list-table.tsx";
import styles from "./lists.module.css";
import { NewDialog } from "./new-dialog.tsx";
import { placeActions } from "./place-actions.ts";
import { RemoveDialog } from "./remove-dialog.tsx";
import { found, rowsOf } from "./rows.ts";

type ListsProps = {
  /** Name of the list whose panel is open. */
  opened: string | null;
  /** Errors of a text that is not in the draft; lists are read-only meanwhile. */
  textErrors: number;
};

export function ListsPlace(props: ListsProps) {
  return (
    <OfDraft draft={useDraft()} retry={loadDraft}>
      {(config) => <Lists {...props} config={config} />}
    </OfDraft>
  );
}

type Asking = { kind: "new" } | { kind: "remove"; name: string };

function Lists({ opened, textErrors, config }: ListsProps & { config: Config }) {
  const [, go] = useLocation();
  const narrow = useNarrow();
  const [query, setQuery] = useState("");
  const [asking, setAsking] = useState<Asking | null>(null);
  const readOnly = textErrors > 0;
  const diagnostics = useCheck().data?.diagnostics;
  const rows = useMemo(() => rowsOf(config, diagnostics ?? []), [config, diagnostics]);
  const shown = useMemo(() => found(rows, query), [rows, query]);
  const panel = usePanelKey(opened);
  const table = useRef<HTMLDivElement>(null);
  function close() {
    go("/lists");
    if (opened !== null) requestAnimationFrame(() => linkOf(table.current, opened)?.focus());
  }
  // The draft's version counts, not what stands unsaved in the panel.
  const doomed = asking?.kind === "remove" ? rows.find(({ list }) => list.name === asking.name)?.list : null;
  const search = useRef<HTMLInputElement>(null);
  const { add, ...actions } = placeActions({
    locked: readOnly ? "Lists are read-only while the text has errors." : null,
    add: () => setAsking({ kind: "new" }),
    search: () => search.current?.focus(),
    opened: rows.some(({ list }) => list.name === opened) ? opened : null,
    remove: () => opened !== null && setAsking({ kind: "remove", name: opened }),
  });
  useActions([add, actions.search, ...actions.ofOpened]);
  useKeys({
    Escape: () => {
      if (opened === null) return false;
      close();
    },
  });

  return (
    <div className={styles.place}>
      <div className={styles.main} inert={narrow && opened !== null}>
        <TextErrors count={textErrors} />
        {rows.length === 0 ? (
          <Empty add={add} />
        ) : (
          <>
            <h1 className="visually-hidden">Lists</h1>
            <div className={styles.tools}>
              <input
                ref={search}
                type="search"
                className={styles.search}
                aria-label="Search lists"
                placeholder="Search lists: name, value"
                value={query}
                onChange={(event) => setQuery(event.target.value)}
              />
              <span className={styles.found} role="status">
                {query.trim() === "" ? "" : `${shown.length} of ${rows.length}`}
              </span>
              <Button
                aria-disabled={add.disabled !== null || undefined}
                title={add.disabled ?? undefined}
                onClick={() => perform(add)}
              >
                + List
              </Button>
            </div>
            <div ref={table} className={styles.scroller}>
              <ListTable rows={shown} opened={opened} open={(name) => go(listAddress(name))} />
              {shown.length === 0 ? <p className={styles.nothing}>No list holds that.</p> : null}
            </div>
          </>
        )}
      </div>
      {opened === null ? null : (
        <ListPanel
          key={panel.key}
          name={opened}
          config={config}
          readOnly={readOnly}
          actions={actions.ofOpened}
          renamed={(to) => {
            panel.renamed(to);
            go(listAddress(to), { replace: true });
          }}
          close={close}
        />
      )}
      {asking?.kind === "new" ? (
        <NewDialog config={config} made={(name) => go(listAddress(name))} close={() => setAsking(null)} />
      ) : null}
      {doomed ? (
        <RemoveDialog list={doomed} config={config} removed={close} close={() => setAsking(null)} />
      ) : null}
    </div>
  );
}

/** What opens a list's panel. */
function linkOf(table: HTMLElement | null, name: string): HTMLElement | null {
  return table?.querySelector<HTMLElement>(`[data-list="${CSS.escape(name)}"] a`) ?? null;
}

function Empty({ add }: { add: Action }) {
  return (
    <PlaceState
      title="No lists"
      actions={
        <Button
          look="primary"
          onClick={() => perform(add)}
          aria-disabled={add.disabled !== null || undefined}
        >
          New list
        </Button>
      }
    >
      A list gives a name to addresses or ports that several rules share: a rule that says{" "}
      <code>src @office</code> follows each change of the list office. In a flow, “Make a list of…” turns the
      values of a rule into one.
    </PlaceState>
  );
}
