/** Everything that can be done now, by a few letters of its name. */

import { keyOf as itemKeyOf } from "@flowmgr/flow-model";
import { type KeyboardEvent, type RefObject, useEffect, useId, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useDraft, useStore } from "../api/index.ts";
import { type Action, keyOf, offeredActions } from "../ui/actions.ts";
import { addressOfItem } from "../ui/item-address.ts";
import { createStore } from "../ui/store.ts";
import { useModal } from "../ui/use-modal.ts";
import { type Destination, entriesOf } from "./entries.ts";
import styles from "./palette.module.css";
import { recentActions, usedAction } from "./recent.ts";

const opened = createStore(false);

export function openPalette(): void {
  opened.set(true);
}

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** How its key is written on this machine. */
export const PALETTE_KEY = isMac ? "⌘K" : "Ctrl-K";

/** Listens to its key on every place, in fields too, and shows the palette. */
export function Palette() {
  const open = useStore(opened);
  useEffect(() => {
    function pressed(event: globalThis.KeyboardEvent) {
      const wanted = event.key.toLowerCase() === "k" && (isMac ? event.metaKey : event.ctrlKey);
      if (!wanted || event.altKey || event.shiftKey) return;
      event.preventDefault();
      event.stopPropagation();
      // A dialog that asks something is answered first.
      if (opened.get() || !document.querySelector("dialog[open]")) opened.set(!opened.get());
    }
    addEventListener("keydown", pressed, { capture: true });
    return () => removeEventListener("keydown", pressed, { capture: true });
  }, []);
  return open ? <Open close={() => opened.set(false)} /> : null;
}

function Open({ close }: { close: () => void }) {
  const dialog = useModal();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const entries = useEntries(typed);
  const id = useId();
  const chosen = entries[at];

  function choose(action: Action | undefined) {
    if (!action || action.disabled !== null) return;
    // The focus goes back to where it was before the action moves it on.
    dialog.current?.close();
    close();
    usedAction(action.id);
    action.run();
  }

  function pressed(event: KeyboardEvent) {
    event.stopPropagation();
    const to = targetOf(event.key, at, entries.length);
    if (event.key === "Enter") choose(chosen);
    else if (to !== null) setAt(to);
    else return;
    event.preventDefault();
  }

  return (
    <dialog
      ref={dialog}
      className={styles.palette}
      aria-label="Command palette"
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onKeyDown={pressed}
      onClick={(event) => {
        if (event.target === dialog.current) close();
      }}
    >
      <div className={styles.head}>
        <input
          className={styles.field}
          role="combobox"
          aria-label="Action, place, flow or list"
          aria-expanded={entries.length > 0}
          aria-controls={id}
          aria-autocomplete="list"
          aria-activedescendant={chosen ? `${id}-${at}` : undefined}
          placeholder="Action, place, flow or list"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setAt(0);
          }}
        />
        <button type="button" className={styles.close} onClick={close}>
          Esc
        </button>
      </div>
      <Entries id={id} entries={entries} at={at} choose={choose} />
      {entries.length === 0 ? (
        <p className={styles.nothing} role="status">
          Nothing is called that.
        </p>
      ) : null}
    </dialog>
  );
}

function useEntries(typed: string): Action[] {
  const { config } = useDraft();
  const [, go] = useLocation();
  const recent = useMemo(recentActions, []);
  const destinations = useMemo(
    () =>
      (config?.items ?? []).map(
        (item): Destination =>
          item.kind === "expect"
            ? { name: itemKeyOf(item), kind: "expectation" }
            : { name: item.name, kind: item.kind === "list" ? "list" : "flow" },
      ),
    [config],
  );
  return entriesOf(typed, offeredActions(), destinations, recent, ({ name, kind }) => ({
    id: `go ${kind} ${name}`,
    label: name,
    group: `Go to ${kind}`,
    disabled: null,
    run: () => go(addressOfItem(kind === "list" ? `@${name}` : name)),
  }));
}

type EntriesProps = { id: string; entries: Action[]; at: number; choose: (action: Action) => void };

function Entries({ id, entries, at, choose }: EntriesProps) {
  const list = useRef<HTMLDivElement>(null);
  useChosenInSight(list, at, entries);
  return (
    <div ref={list} id={id} className={styles.list} role="listbox" aria-label="Actions">
      {entries.map((action, index) => {
        const key = keyOf(action);
        return (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keyboard
          <div
            key={`${action.group} ${action.id}`}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            aria-disabled={action.disabled !== null || undefined}
            className={styles.option}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => choose(action)}
          >
            <span className={styles.what}>
              {action.label}
              {action.disabled === null ? null : <small>{action.disabled}</small>}
            </span>
            <span className={styles.group}>{action.group}</span>
            {key === null ? null : <kbd>{key}</kbd>}
          </div>
        );
      })}
    </div>
  );
}

function useChosenInSight(list: RefObject<HTMLElement | null>, at: number, entries: Action[]): void {
  useEffect(() => {
    if (entries.length > 0) list.current?.children[at]?.scrollIntoView({ block: "nearest" });
  }, [list, at, entries.length]);
}

/** Where a key leads; null for keys that are the field's own. */
function targetOf(key: string, at: number, count: number): number | null {
  if (count === 0) return null;
  if (key === "ArrowDown") return (at + 1) % count;
  if (key === "ArrowUp") return (at - 1 + count) % count;
  if (key === "PageDown") return Math.min(count - 1, at + 8);
  if (key === "PageUp") return Math.max(0, at - 8);
  return null;
}
