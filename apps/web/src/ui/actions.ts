/** What a person can do, as values: buttons, menus, keys, the keys dialog and the palette take the same ones. */
import { useEffect, useRef } from "react";
import type { MenuEntry } from "./menu.tsx";
import { notify } from "./notices.tsx";
import { useKeys } from "./use-keys.ts";

export type Action = {
  /** Stays the same as long as it means the same: what was used lately is remembered by it. */
  id: string;
  label: string;
  /** The heading that it stands under: "Flows", "mail", "Go to". */
  group: string;
  /** Each of them does it; named as use-keys.ts names them: "n", "Alt+ArrowUp", "Ctrl+z". */
  keys?: readonly string[];
  /** A key that something else listens to, only to be shown: "Ctrl+C" belongs to the clipboard. */
  hint?: string;
  icon?: string;
  /** Why it cannot be done now, a short sentence; null when it can. */
  disabled: string | null;
  danger?: boolean;
  run: () => void;
};

type Source = { current: readonly Action[] };

/** What each place and dialog that is on the screen offers, and what is offered everywhere. */
const offered = { here: new Set<Source>(), everywhere: new Set<Source>() };

/** Offers actions while the component is there: their keys work, the palette and the keys dialog know them. */
export function useActions(actions: readonly Action[], where: keyof typeof offered = "here"): void {
  const current = useRef(actions);
  current.current = actions;
  useEffect(() => {
    offered[where].add(current);
    return () => void offered[where].delete(current);
  }, [where]);
  useKeys(
    Object.fromEntries(
      actions.flatMap((action) => (action.keys ?? []).map((key) => [key, () => perform(action)])),
    ),
  );
}

/** All that is offered now, what the place on the screen offers first. */
export function offeredActions(): Action[] {
  return [...offered.here, ...offered.everywhere].flatMap(({ current }) => current);
}

/** Does it, or says why it cannot be done. */
export function perform({ disabled, run }: Action): void {
  if (disabled === null) run();
  else notify({ text: disabled });
}

/** Entries of a menu; a line stands between those of different `parts`. */
export function menuOf(...parts: readonly (readonly Action[])[]): MenuEntry[] {
  return parts.flatMap((actions, part): MenuEntry[] => [
    ...(part > 0 && actions.length > 0 ? (["line"] as const) : []),
    ...actions.map((action) => {
      const { label, disabled, danger = false, run } = action;
      const hint = keyOf(action);
      return { label, disabled, danger, run, ...(hint ? { hint } : {}) };
    }),
  ]);
}

/** The key to show beside an action; null for none. */
export function keyOf({ keys, hint }: Action): string | null {
  return keys?.[0] ? keyText(keys[0]) : (hint ?? null);
}

const SIGNS: { [key: string]: string } = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
  " ": "Space",
};

/** A key as people read it: "Alt+↑", "Ctrl+Z", "n". */
export function keyText(key: string): string {
  const parts = key === "+" ? [key] : key.split("+");
  const last = parts.at(-1) ?? "";
  const word = SIGNS[last] ?? (parts.length > 1 ? last.toUpperCase().slice(0, 1) + last.slice(1) : last);
  return [...parts.slice(0, -1), word].join("+");
}
