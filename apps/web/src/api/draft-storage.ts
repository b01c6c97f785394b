/**
 * The undo list and what has not reached the server, kept in this tab's storage for a reload. The list belongs to
 * one draft: its ETag stands beside it, and when the draft is another by then, the list is dropped.
 */
import { type DraftState, type Left, unsent } from "./draft-state.ts";
import type { Step } from "./steps.ts";

const KEY = "flowmgr.draft-session.1";

/** Characters of steps kept: a fifth of what a tab may store. Older steps go first. */
const MOST = 1_000_000;

/** A step is put in words once; the list is written at every edit. */
const written = new WeakMap<Step, string>();

export function keepSession(state: DraftState): void {
  if (!state.saved) return;
  // Steps that have not reached the server stand in `kept`; the lists are those of the draft that it has.
  const { undo, redo } = state.waiting[0] ?? state;
  const undone = fitting(undo, MOST);
  const again = fitting(redo, MOST - undone.length);
  try {
    const head = JSON.stringify({ etag: state.saved.etag, ...unsent(state) });
    sessionStorage.setItem(KEY, `${head.slice(0, -1)},"undo":${undone},"redo":${again}}`);
  } catch {
    // No room: the list lasts as long as the page does, which is all that can be done.
    sessionStorage.removeItem(KEY);
  }
}

/** The latest steps that fit, as a JSON array. */
function fitting(steps: Step[], room: number): string {
  const parts: string[] = [];
  let left = room;
  for (const step of steps.toReversed()) {
    const text = written.get(step) ?? JSON.stringify(step);
    written.set(step, text);
    left -= text.length;
    if (left < 0) break;
    parts.push(text);
  }
  return `[${parts.reverse().join(",")}]`;
}

/** This page alone wrote it, in this tab; another shape would have another key. */
export function leftSession(): Left | null {
  try {
    const left: Left | null = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    return left;
  } catch {
    return null;
  }
}
