import { ON_MANY_LINES } from "@flowmgr/flow-model/examples";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { loadDraft, useDraft, useRunning, useStatus, useStore, watchCounters } from "../api/index.ts";
import { exchangeActions } from "../exchange/index.ts";
import { useActions } from "../ui/actions.ts";
import { Button } from "../ui/button.tsx";
import { OfDraft } from "../ui/of-draft.tsx";
import { counted } from "../ui/say.ts";
import { PlaceState } from "../ui/states.tsx";
import { TextErrors } from "../ui/text-errors.tsx";
import { useKeys } from "../ui/use-keys.ts";
import { useNarrow } from "../ui/use-media.ts";
import { usePanelKey } from "../ui/use-panel-key.ts";
import { type FlowActions, useFlowActions } from "./actions.ts";
import { moveEdits } from "./bulk.ts";
import { bulkActions, textOf } from "./bulk-actions.ts";
import { BulkBar } from "./bulk-bar.tsx";
import { Empty } from "./empty.tsx";
import { type Asking, FlowDialogs } from "./flow-dialogs.tsx";
import { FlowList, type ListGrip } from "./flow-list.tsx";
import { flowActions } from "./flow-menu.ts";
import type { RowSteps } from "./flow-row.tsx";
import { FlowTools } from "./flow-tools.tsx";
import styles from "./flows-place.module.css";
import { Panel } from "./panel/panel.tsx";
import { unsavedFlows } from "./panel/unsaved.ts";
import { useClipboard } from "./paste.tsx";
import { placeActions } from "./place-actions.ts";
import { useRows } from "./use-rows.ts";
import { useFlowSearch } from "./use-search.ts";
import { useSelection } from "./use-selection.ts";

type FlowsProps = {
  /** Name of the flow whose panel is open. */
  opened: string | null;
  /** Errors of a text that is not in the draft; flows are read-only meanwhile. */
  textErrors: number;
};

/** The ordered list, and the panel of one flow at its side. */
export function FlowsPlace(props: FlowsProps) {
  return (
    <OfDraft draft={useDraft()} retry={loadDraft}>
      {(config) => <Flows {...props} config={config} />}
    </OfDraft>
  );
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
  const { rows, diagnostics } = useRows(config);
  const { query, setQuery, found, whole } = useFlowSearch(rows, diagnostics, config, running);
  const [active, setActive] = useState<string | null>(opened);
  const [asking, setAsking] = useState<Asking | null>(null);
  const [said, announce] = useState("");
  const selection = useSelection(found, active);
  const list = useRef<ListGrip>(null);
  const search = useRef<HTMLInputElement>(null);
  const panel = useRef<HTMLElement>(null);
  const row = found.find(({ flow }) => flow.name === active) ?? null;
  const panelKey = usePanelKey(opened);
  const kept = useMemo(() => new Set(unsaved.keys()), [unsaved]);
  const selected = row?.number ? row.flow.name : null;
  const insert = (text: string) => actions.insertText(text, selected);
  const { bring, take } = exchangeActions(selected);
  const steps = useRowSteps(setActive, setAsking, selection.select, narrow && selection.flows.length > 0);

  // A flow that was just made, or named by the address, is brought into sight.
  useEffect(() => {
    if (opened === null) return;
    setActive(opened);
    list.current?.reveal(opened);
  }, [opened]);

  function walk(by: 1 | -1, selects = false) {
    const at = found.findIndex(({ flow }) => flow.name === active);
    const next = found[at < 0 ? 0 : Math.max(0, Math.min(found.length - 1, at + by))];
    if (!next) return;
    const { name } = next.flow;
    if (selects && next.number !== null) selection.select(name, true);
    setActive(name);
    list.current?.focus(name);
    if (!selects && opened !== null && next.change !== "removed") actions.open(name, true);
  }

  function close() {
    const name = opened;
    actions.open(null);
    if (name !== null) requestAnimationFrame(() => list.current?.focus(name));
  }

  /** Between two rows that are shown; what a search hides between them stays where it is. */
  function drop(names: ReadonlySet<string>, index: number) {
    const stays = (one: (typeof found)[number]) => one.number !== null && !names.has(one.flow.name);
    const before = found.slice(index).find(stays)?.flow.name;
    const after = found.slice(0, index).findLast(stays)?.flow.name;
    if (before === undefined && after === undefined) return;
    const where = before !== undefined ? { before } : { after: after ?? "" };
    const what = names.size === 1 ? [...names].join() : counted(names.size, "flow");
    const words = before !== undefined ? `before ${before}` : `after ${after}`;
    if (actions.change(moveEdits(names, actions.names, where), `move ${what} ${words}`))
      announce(`${what} moved ${words}`);
  }

  const place = placeActions(
    {
      locked: actions.locked,
      add: () => actions.add(row?.number ? row.flow.name : null),
      addOut: () => actions.add(row?.number ? row.flow.name : null, "outflow"),
      next: () => walk(1),
      previous: () => walk(-1),
      selectNext: () => walk(1, true),
      selectPrevious: () => walk(-1, true),
      selectAll: selection.all,
      search: () => search.current?.focus(),
      keys: () => setAsking({ kind: "keys" }),
    },
    row?.number != null,
  );
  /** The focus goes on to what stands where the flow stood: the flow itself, struck through, or the next one. */
  function remove(name: string) {
    const at = found.findIndex(({ flow }) => flow.name === name);
    const nearest = [found[at]?.runningName, found[at + 1]?.flow.name, found[at - 1]?.flow.name];
    actions.remove(name);
    requestAnimationFrame(() => nearest.some((there) => there !== undefined && list.current?.focus(there)));
  }
  const here: FlowActions = {
    ...actions,
    remove,
    open: (name, replace) =>
      name !== null && name === opened ? panel.current?.focus() : actions.open(name, replace),
    step(name, by) {
      actions.step(name, by);
      list.current?.focus(name);
      announce(placeText(name, actions.names, by));
    },
  };
  const bulk = bulkActions({
    flows: selection.flows,
    actions,
    askBefore: () => setAsking({ kind: "selected-before" }),
    askChange: () => setAsking({ kind: "selected-change" }),
    askRemove: () => setAsking({ kind: "selected-remove" }),
    announce,
  });
  const many = selection.flows.length > 0 ? Object.values(bulk) : [];
  // Keys speak of all that is selected.
  const taken = new Set(many.flatMap(({ keys = [] }) => keys));
  const one = row
    ? flowActions({ row, actions: here, running, askBefore: steps.askBefore, select: steps.select }).flat()
    : [];
  useActions([
    ...Object.values(place),
    ...many,
    ...one.filter(({ keys = [] }) => !keys.some((key) => taken.has(key))),
  ]);
  useKeys({
    Escape: () => {
      if (selection.flows.length > 0) return selection.clear();
      if (opened !== null) return close();
      if (query === "") return false;
      setQuery("");
    },
  });
  useClipboard(insert, () => {
    if (selection.flows.length > 0) return textOf(selection.flows);
    return row ? textOf([row.flow]) : null;
  });
  const takenBy = (name: string) => (selection.names.has(name) ? selection.names : new Set([name]));

  return (
    <div className={styles.flows} data-panel={opened !== null || undefined}>
      <div className={styles.list} inert={narrow && opened !== null}>
        <TextErrors count={textErrors} />
        {rows.length === 0 ? (
          <Empty loadExamples={() => insert(ON_MANY_LINES)} bring={bring.run} add={() => actions.add(null)} />
        ) : (
          <>
            <h1 className="visually-hidden">Flows</h1>
            <FlowTools
              ref={search}
              query={query}
              setQuery={setQuery}
              config={config}
              interfaces={status?.interfaces ?? []}
              narrow={narrow}
              found={whole ? "" : foundText(found.length, rows.length, narrow)}
              more={[place.selectAll, take, place.keys]}
              add={place.add}
              addOut={place.addOut}
              bring={{ ...bring, disabled: actions.locked, hint: "Ctrl+V" }}
              toList={() => found[0] && list.current?.focus(found[0].flow.name)}
            />
            {found.length === 0 ? (
              <NothingFound query={query} clear={() => setQuery("", true)} />
            ) : (
              <FlowList
                ref={list}
                rows={found}
                draft={config}
                running={running}
                spared={status?.spared}
                whole={whole}
                active={active}
                opened={opened}
                selected={selection.names}
                unsaved={kept}
                readOnly={readOnly}
                actions={here}
                steps={steps}
                taken={takenBy}
                drop={drop}
              />
            )}
            {selection.flows.length > 0 ? (
              <BulkBar
                count={selection.flows.length}
                narrow={narrow}
                actions={bulk}
                clear={selection.clear}
              />
            ) : null}
          </>
        )}
        <div className="visually-hidden" role="status">
          {said}
        </div>
      </div>
      {opened === null ? null : (
        <Panel
          key={panelKey.key}
          ref={panel}
          name={opened}
          config={config}
          actions={{ ...actions, remove }}
          askBefore={steps.askBefore}
          readOnly={readOnly}
          renamed={(to) => {
            panelKey.renamed(to);
            actions.open(to, true);
          }}
          close={close}
        />
      )}
      <FlowDialogs
        asking={asking}
        close={() => setAsking(null)}
        actions={actions}
        selected={selection.flows}
        config={config}
        status={status}
        removed={() => {
          selection.clear();
          if (opened !== null && selection.names.has(opened)) actions.open(null, true);
        }}
      />
    </div>
  );
}

/** What rows tell the list, as functions that stay the same: a row is not drawn again for them. */
function useRowSteps(
  activate: (name: string) => void,
  setAsking: (asking: Asking) => void,
  select: RowSteps["select"],
  selecting: boolean,
): RowSteps {
  const latest = useRef({ select, selecting });
  latest.current = { select, selecting };
  const askBefore = useCallback((name: string) => setAsking({ kind: "before", name }), [setAsking]);
  return useMemo(
    () => ({
      activate,
      askBefore,
      select: (name, range) => latest.current.select(name, range),
      selecting: () => latest.current.selecting,
    }),
    [activate, askBefore],
  );
}

function NothingFound({ query, clear }: { query: string; clear: () => void }) {
  return (
    <PlaceState title="No flow is found" actions={<Button onClick={clear}>Clear the search</Button>}>
      No flow fits all of this: {query}
    </PlaceState>
  );
}

function foundText(found: number, all: number, narrow: boolean): string {
  return `${found.toLocaleString("en")} of ${narrow ? all.toLocaleString("en") : counted(all, "flow")}`;
}

/** "mail is now 3 of 120" */
function placeText(name: string, names: readonly string[], by: -1 | 1): string {
  const place = Math.max(1, Math.min(names.length, names.indexOf(name) + 1 + by));
  return `${name} is now ${place.toLocaleString("en")} of ${names.length.toLocaleString("en")}`;
}
