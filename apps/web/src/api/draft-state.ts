/**
 * The draft as this browser sees it: what the server has, what waits to reach it, and what can be taken back.
 * Pure: state x event -> state. draft.ts sends what waits and tells what came back.
 *
 * An edit shows at once and is sent in order, one at a time, each with the ETag that the one before it got. When
 * the server has something newer (412), nothing is thrown away: what waits is kept, theirs is loaded, and the
 * person chooses. The undo list keeps whole configs; a change that somebody else made becomes a step of it too,
 * so that going back over it is a choice that names it and never an accident.
 */
import type { Draft } from "@flowmgr/flow-api";
import type { Config, Diagnostic, Edit } from "@flowmgr/flow-model";
import { edit as applyEdit } from "@flowmgr/flow-model";

export type Change = { label: string } & (
  | { kind: "edits"; edits: Edit[] }
  | { kind: "replace"; config: Config }
  | { kind: "discard" }
);

/** One entry of the undo list: "remove mail". `by` is somebody else's name, or null. */
export type Step = {
  label: string;
  by: string | null;
  before: Config;
  after: Config;
};

export type Trouble =
  /** No answer; what waits is sent again by itself. */
  | { kind: "offline" }
  /** 412. `theirs` is what the server has; `mine` is what the page showed. */
  | { kind: "conflict"; theirs: Draft; mine: Config; waiting: Change[] }
  /** The server refused the change; the draft is as before it. */
  | {
      kind: "refused";
      label: string;
      message: string;
      diagnostics: Diagnostic[];
    };

export type DraftState = {
  /** As the server last gave it; its etag is the one to write against. */
  saved: Draft | null;
  /** What the page shows: `saved` with what waits on top. */
  config: Config | null;
  waiting: Change[];
  undo: Step[];
  redo: Step[];
  trouble: Trouble | null;
};

export const EMPTY_DRAFT: DraftState = {
  saved: null,
  config: null,
  waiting: [],
  undo: [],
  redo: [],
  trouble: null,
};

/** Steps kept; each shares all untouched flows with the next, so that a step costs what it changed. */
const UNDO_DEPTH = 200;

/** The draft came from the server, at the start or because somebody changed it. */
export function loaded(state: DraftState, draft: Draft): DraftState {
  if (state.saved?.etag === draft.etag) return state;
  // With edits on their way the server's 412 decides; until then the page shows its own.
  if (state.waiting.length > 0) return state;
  const step: Step | null = state.config
    ? {
        label: `change by ${draft.changedBy}`,
        by: draft.changedBy,
        before: state.config,
        after: draft.config,
      }
    : null;
  return {
    ...state,
    saved: draft,
    config: draft.config,
    undo: step ? pushed(state.undo, step) : state.undo,
    redo: step ? [] : state.redo,
    trouble: state.trouble?.kind === "conflict" ? state.trouble : null,
  };
}

/** A person's change; gives the diagnostic instead when the edit itself is impossible. */
export function changed(
  state: DraftState,
  change: Change,
  running: Config | null,
): { state: DraftState } | { error: Diagnostic } {
  if (!state.config) return { state };
  const result = shown(state.config, change, running);
  if ("error" in result) return result;
  const step: Step = {
    label: change.label,
    by: null,
    before: state.config,
    after: result.config,
  };
  return {
    state: {
      ...state,
      config: result.config,
      waiting: [...state.waiting, change],
      undo: pushed(state.undo, step),
      redo: [],
      trouble: state.trouble?.kind === "refused" ? null : state.trouble,
    },
  };
}

/** Takes the last step back, or does it again. */
export function stepped(state: DraftState, way: "undo" | "redo"): DraftState {
  const [from, to] = way === "undo" ? [state.undo, state.redo] : [state.redo, state.undo];
  const step = from.at(-1);
  if (!step || !state.config) return state;
  const config = way === "undo" ? step.before : step.after;
  const rest = from.slice(0, -1);
  const other = pushed(to, step);
  return {
    ...state,
    config,
    waiting: [...state.waiting, { kind: "replace", config, label: `${way} ${step.label}` }],
    undo: way === "undo" ? rest : other,
    redo: way === "undo" ? other : rest,
    trouble: state.trouble?.kind === "refused" ? null : state.trouble,
  };
}

/** The server took the first change that waits. `config` is given when the server chose it (a discard). */
export function sent(state: DraftState, etag: string, at: string, by: string, config?: Config): DraftState {
  const [first, ...waiting] = state.waiting;
  if (!first || !state.saved) return state;
  const known = config ?? after(state.saved.config, first);
  return {
    ...state,
    saved: {
      ...state.saved,
      etag,
      changedAt: at,
      changedBy: by,
      config: known,
    },
    config: waiting.length === 0 ? known : state.config,
    waiting,
    trouble: state.trouble?.kind === "offline" ? null : state.trouble,
  };
}

/** The server would not take the first change: back to what it has, with what else waited dropped with it. */
export function refused(state: DraftState, message: string, diagnostics: Diagnostic[]): DraftState {
  const first = state.waiting[0];
  if (!first || !state.saved) return state;
  return {
    ...state,
    config: state.saved.config,
    waiting: [],
    undo: state.undo.slice(0, Math.max(0, state.undo.length - state.waiting.length)),
    redo: [],
    trouble: { kind: "refused", label: first.label, message, diagnostics },
  };
}

/** The server has something newer. */
export function outrun(state: DraftState, theirs: Draft): DraftState {
  if (!state.config) return state;
  return {
    ...state,
    saved: theirs,
    config: theirs.config,
    waiting: [],
    trouble: {
      kind: "conflict",
      theirs,
      mine: state.config,
      waiting: state.waiting,
    },
  };
}

/** Puts my kept changes on top of theirs, as far as they can be; gives those that cannot. */
export function reapplied(
  state: DraftState,
  running: Config | null,
): { state: DraftState; failed: string[] } {
  if (state.trouble?.kind !== "conflict") return { state, failed: [] };
  const failed: string[] = [];
  let next: DraftState = { ...state, trouble: null };
  for (const change of state.trouble.waiting) {
    const result = changed(next, change, running);
    if ("error" in result) failed.push(`${change.label}: ${result.error.message}`);
    else next = result.state;
  }
  return { state: next, failed };
}

function shown(
  config: Config,
  change: Change,
  running: Config | null,
): { config: Config } | { error: Diagnostic } {
  if (change.kind === "replace") return { config: change.config };
  if (change.kind === "discard") return { config: running ?? config };
  let now = config;
  for (const one of change.edits) {
    const result = applyEdit(now, one);
    if ("error" in result) return result;
    now = result.config;
  }
  return { config: now };
}

function after(config: Config, change: Change): Config {
  const result = shown(config, change, null);
  return "config" in result ? result.config : config;
}

function pushed(steps: Step[], step: Step): Step[] {
  return [...steps, step].slice(-UNDO_DEPTH);
}
