/** What can be done on every place: for the change bar, the top bar, their keys and the palette. */
import { useLocation } from "wouter";
import { call, queryClient, signedOut, useEdit, useStatus } from "../api/index.ts";
import type { Action } from "../ui/actions.ts";
import { counted } from "../ui/say.ts";
import { setTheme, THEMES, useTheme } from "../ui/theme.ts";
import { asking } from "./asking.ts";
import { PARTS, PLACES } from "./places.ts";
import { useChanges } from "./use-changes.ts";

/** To undo, to redo, to see, to drop and to review what is not applied. */
export function useDraftActions() {
  const count = useChanges().changes.length;
  const { undo, redo, undoLabel, redoLabel } = useEdit();
  const [, go] = useLocation();
  const none = count === 0 ? "The draft is what is in force." : null;
  const action = (label: string, run: () => void, disabled: string | null, ...keys: string[]): Action => {
    return { id: `draft ${label}`, label, group: "Draft", keys, disabled, run };
  };
  return {
    undo: {
      ...action("Undo", undo, undoLabel ? null : "Nothing to undo.", "Ctrl+z"),
      group: undoLabel ?? "Draft",
    },
    redo: {
      ...action("Redo", redo, redoLabel ? null : "Nothing to redo.", "Ctrl+Shift+z", "Ctrl+y"),
      group: redoLabel ?? "Draft",
    },
    changes: action("What changed since running", () => asking.set("changes"), null),
    discard: {
      ...action("Discard changes", () => asking.set("discard"), none),
      group: counted(count, "change"),
    },
    review: action("Review and apply", () => go("/review"), none),
  } satisfies { [name: string]: Action };
}

/** The ways to the places, the templates, the themes and out. */
export function useFrameActions(): Action[] {
  const [location, go] = useLocation();
  const theme = useTheme();
  const you = useStatus().data?.you;
  const action = (group: string, label: string, run: () => void, disabled: string | null = null): Action => {
    return { id: `${group} ${label}`, label, group, disabled, run };
  };
  return [
    action("Flows", "New from template…", () => asking.set("templates")),
    ...[...PLACES, ...PARTS].map(({ path, label }) =>
      action("Go to", label, () => go(path), isAt(path, location) ? "You are here." : null),
    ),
    ...THEMES.map((one) =>
      action("Theme", `Theme: ${one}`, () => setTheme(one), one === theme ? "It is on." : null),
    ),
    action(
      you?.name ?? "Session",
      "Sign out",
      () => void signOut(),
      you?.via === "token" ? "A token is in, not a session." : null,
    ),
  ];
}

/** In the place and in no part of it that has a name of its own. */
function isAt(path: string, location: string): boolean {
  const part = PARTS.find((one) => location.startsWith(one.path))?.path;
  return part === undefined ? location.startsWith(path) : part === path;
}

export async function signOut(): Promise<void> {
  await call("/session", { method: "DELETE" }).catch(() => null);
  queryClient.clear();
  signedOut.set(true);
  location.assign("/");
}
