import { printFlow } from "@flowmgr/flow-model";
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { loadDraft, useDraft, useRunning, useStatus, useStore, watchCounters } from "../api/index.ts";
import { menuOf, useActions } from "../ui/actions.ts";
import { Button } from "../ui/button.tsx";
import { Menu } from "../ui/menu.tsx";
import { Banner, PlaceState, Waiting } from "../ui/states.tsx";
import { useKeys } from "../ui/use-keys.ts";
import { useNarrow } from "../ui/use-media.ts";
import { type FlowActions, useFlowActions } from "./actions.ts";
import { BeforeDialog } from "./before-dialog.tsx";
import { Empty } from "./empty.tsx";
import { EXAMPLES } from "./examples.ts";
import { FlowList, type ListGrip } from "./flow-list.tsx";
import { flowActions } from "./flow-menu.ts";
import styles from "./flows-place.module.css";
import { KeysDialog } from "./keys-dialog.tsx";
import { Panel } from "./panel/panel.tsx";
import { unsavedFlows } from "./panel/unsaved.ts";
import { PasteDialog, useClipboard } from "./paste.tsx";
import { placeActions } from "./place-actions.ts";
import { found } from "./search.ts";
import { useRows } from "./use-rows.ts";

type Asking = { kind: "paste" } | { kind: "keys" } | { kind: "before"; name: string };

type FlowsProps = {
  /** Name of the flow whose panel is open. */
  opened: string | null;
  /** Errors of a text that is not in the draft; flows are read-only meanwhile. */
  textErrors: number;
};

/** The ordered list, and the panel of one flow at its side. */
export function FlowsPlace(props: FlowsProps) {
  const draft = useDraft();
  if (draft.error) {
    return (
      <PlaceState
        title="The draft could not be read"
        actions={<Button onClick={() => void loadDraft()}>Try again</Button>}
      >
        {draft.error.message}
      </PlaceState>
    );
  }
  if (!draft.config) return <Waiting>Reading the draft</Waiting>;
  return <Flows {...props} config={draft.config} />;
}

function Flows({
  opened,
  textErrors,
  config,
}: FlowsProps & { config: NonNullable<ReturnType<typeof useDraft>["config"]> }) {
  useEffect(watchCounters, []);
  const readOnly = textErrors > 0;
  const status = useStatus().data;
  const running = useRunning().data?.config ?? null;
  const actions = useFlowActions(readOnly);
  const narrow = useNarrow();
  const unsaved = useStore(unsavedFlows);
  const rows = useRows(config);
  const [query, setQuery] = useState("");
  const wanted = useDeferredValue(query);
  const shown = useMemo(() => found(rows, wanted), [rows, wanted]);
  const [active, setActive] = useState<string | null>(opened);
  const [asking, setAsking] = useState<Asking | null>(null);
  const list = useRef<ListGrip>(null);
  const search = useRef<HTMLInputElement>(null);
  const panel = useRef<HTMLElement>(null);
  const askBefore = useCallback((name: string) => setAsking({ kind: "before", name }), []);
  const row = shown.find(({ flow }) => flow.name === active) ?? null;
  const kept = useMemo(() => new Set(unsaved.keys()), [unsaved]);
  const insert = (text: string) => actions.insertText(text, row?.number ? row.flow.name : null);

  // A flow that was just made, or named by the address, is brought into sight.
  useEffect(() => {
    if (opened === null) return;
    setActive(opened);
    list.current?.reveal(opened);
  }, [opened]);

  function walk(by: 1 | -1) {
    const at = shown.findIndex(({ flow }) => flow.name === active);
    const next = shown[at < 0 ? 0 : Math.max(0, Math.min(shown.length - 1, at + by))];
    if (!next) return;
    setActive(next.flow.name);
    list.current?.focus(next.flow.name);
    if (opened !== null && next.change !== "removed") actions.open(next.flow.name, true);
  }

  function close() {
    const name = opened;
    actions.open(null);
    if (name !== null) requestAnimationFrame(() => list.current?.focus(name));
  }

  const place = placeActions(
    {
      locked: actions.locked,
      add: () => actions.add(row?.number ? row.flow.name : null),
      next: () => walk(1),
      previous: () => walk(-1),
      search: () => search.current?.focus(),
      paste: () => setAsking({ kind: "paste" }),
      keys: () => setAsking({ kind: "keys" }),
    },
    row?.number != null,
  );
  const here: FlowActions = {
    ...actions,
    open: (name, replace) =>
      name !== null && name === opened ? panel.current?.focus() : actions.open(name, replace),
    step(name, by) {
      actions.step(name, by);
      list.current?.focus(name);
    },
  };
  useActions([
    ...Object.values(place),
    ...(row ? flowActions({ row, actions: here, running, askBefore }).flat() : []),
  ]);
  useKeys({
    Escape: () => {
      if (opened !== null) return close();
      if (query === "") return false;
      setQuery("");
    },
  });
  useClipboard(insert, () => (row ? printFlow(row.flow) : null));

  return (
    <div className={styles.flows} data-panel={opened !== null || undefined}>
      <div className={styles.list} inert={narrow && opened !== null}>
        {readOnly ? (
          <Banner tone="warning">
            <b>
              Text has {textErrors} {textErrors === 1 ? "error" : "errors"}.
            </b>{" "}
            You see the last valid version, read-only. Mend the text to go on.
          </Banner>
        ) : null}
        {rows.length === 0 ? (
          <Empty
            loadExamples={() => insert(EXAMPLES)}
            paste={() => setAsking({ kind: "paste" })}
            add={() => actions.add(null)}
          />
        ) : (
          <>
            <h1 className="visually-hidden">Flows</h1>
            <div className={styles.tools}>
              <input
                ref={search}
                type="search"
                className={styles.search}
                aria-label="Search flows"
                placeholder={narrow ? "Search flows" : "Search flows: name, address, policy"}
                value={query}
                onChange={(event) => setQuery(event.target.value)}
                onKeyDown={(event) => {
                  if (event.key === "Escape") setQuery("");
                  if (event.key === "Enter" || event.key === "ArrowDown") {
                    event.preventDefault();
                    const first = shown[0];
                    if (first) list.current?.focus(first.flow.name);
                  }
                }}
              />
              <span className={styles.found} role="status">
                {query.trim() === "" ? "" : `${shown.length} of ${rows.length}`}
              </span>
              <Menu label="More" className={styles.more} entries={() => menuOf([place.paste, place.keys])}>
                <span aria-hidden="true">⋯</span>
              </Menu>
              <Button disabled={readOnly} onClick={() => actions.add(row?.number ? row.flow.name : null)}>
                + Flow
              </Button>
            </div>
            <FlowList
              ref={list}
              rows={shown}
              draft={config}
              running={running}
              spared={status?.spared}
              whole={wanted.trim() === ""}
              active={active}
              opened={opened}
              unsaved={kept}
              readOnly={readOnly}
              actions={actions}
              activate={setActive}
              askBefore={askBefore}
            />
          </>
        )}
      </div>
      {opened === null ? null : (
        <Panel
          key={opened}
          ref={panel}
          name={opened}
          config={config}
          actions={actions}
          askBefore={askBefore}
          readOnly={readOnly}
          close={close}
        />
      )}
      {asking?.kind === "paste" ? <PasteDialog insert={insert} close={() => setAsking(null)} /> : null}
      {asking?.kind === "keys" ? <KeysDialog close={() => setAsking(null)} /> : null}
      {asking?.kind === "before" ? (
        <BeforeDialog
          name={asking.name}
          names={actions.names}
          move={(before) => actions.move(asking.name, { before }, `before ${before}`)}
          close={() => setAsking(null)}
        />
      ) : null}
    </div>
  );
}
