/**
 * The draft as this browser sees it: what the server has, what waits to reach it, and what can be taken back.
 * Pure: state x event -> state. draft.ts sends what waits and tells what came back.
 *
 * An edit shows at once and is sent in order, one at a time, each with the ETag that the one before it got. When
 * the server has something newer (412), nothing is thrown away: what waits is kept, theirs is loaded, and the
 * person chooses. Steps of the undo list are patches (patch.ts), so that one can be taken back although somebody
 * else changed other items since; where both changed the same one, it is refused with the reason.
 */
import type { Draft, EventPayload } from "@flowmgr/flow-api";
import { type Config, type Diagnostic, type Edit, editAll } from "@flowmgr/flow-model";
import { type Clash, difference, inverse, isEmpty, type Patch, patched, sameConfig } from "./patch.ts";
import { goesOn, joined, pushed, type Step } from "./steps.ts";

export type Change = { label: string } & (
  | { kind: "edits"; edits: Edit[] }
  /** `goesOn`: of one typing with the change before it, if that was a moment ago. */
  | { kind: "replace"; config: Config; goesOn?: boolean }
  | { kind: "discard" }
);

/** Changes that are not in the draft, as they would be made again. */
export type Kept = Pick<Step, "label" | "patch">;

/** On its way to the server. `config` is the draft with it; `undo` and `redo` are the lists without it. */
export type Waiting = Kept & { change: Change; config: Config } & Pick<DraftState, "undo" | "redo">;

/** What the person has to answer; it stays until then. */
type Question =
  /** 412. The page shows what `by` made; mine is kept. */
  | { kind: "conflict"; by: string; kept: Kept[] }
  /** Of what was made again, these items were changed by both. */
  | { kind: "clash"; by: string; clashes: Clash[] };

export type Trouble =
  /** No answer; what waits is sent again by itself. */
  | { kind: "offline" }
  | Question
  /**
   * The server refused the change; the draft is as before it. `lost` are those behind it that could not be made
   * without it. `over`: the question that is on again when this is closed.
   */
  | {
      kind: "refused";
      label: string;
      lost: string[];
      message: string;
      diagnostics: Diagnostic[];
      over: Question | null;
    };

export type DraftState = {
  /** As the server last gave it; its etag is the one to write against. */
  saved: Draft | null;
  /** What the page shows: `saved` with what waits on top. */
  config: Config | null;
  waiting: Waiting[];
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

/** The draft came from the server, at the start or because somebody changed it. */
export function loaded(state: DraftState, draft: Draft): DraftState {
  if (state.saved?.etag === draft.etag) return state;
  // With edits on their way the server's 412 decides; until then the page shows its own.
  if (state.waiting.length > 0) return state;
  return {
    ...state,
    saved: draft,
    config: draft.config,
    undo: withTheirs(state.undo, state.saved, draft),
    trouble: questionIn(state.trouble),
  };
}

/**
 * Somebody else's edits as an event tells them, made on the draft that they were made of; null where that is not the
 * one that is here, or something of ours is on its way: then the draft has to be read.
 */
export function followed(state: DraftState, event: Partial<EventPayload<"draft">>): DraftState | null {
  const { saved, waiting } = state;
  const { edits, from, etag, changedAt, changedBy } = event;
  if (!saved || !edits || from !== saved.etag || waiting.length > 0) return null;
  if (etag === undefined || changedAt === undefined || changedBy === undefined) return null;
  const edited = editAll(saved.config, edits);
  return "error" in edited
    ? null
    : loaded(state, { ...saved, etag, changedAt, changedBy, config: edited.config });
}

function questionIn(trouble: Trouble | null): Question | null {
  if (trouble?.kind === "refused") return trouble.over;
  return trouble?.kind === "offline" ? null : trouble;
}

/** The refusal, or else the question, is dealt with. */
export function letGo(state: DraftState): DraftState {
  return { ...state, trouble: state.trouble?.kind === "refused" ? state.trouble.over : null };
}

/** Somebody else's change as a step of the list: it is seen there, and undo leaves it alone. */
function withTheirs(undo: Step[], before: Draft | null, { config, changedBy, changedAt }: Draft): Step[] {
  if (!before) return undo;
  const patch = difference(before.config, config);
  if (isEmpty(patch)) return undo;
  return pushed(undo, { label: `${changedBy} changed the draft`, by: changedBy, at: changedAt, patch });
}

/** A person's change; gives the diagnostic instead when the edit itself is impossible. */
export function changed(
  state: DraftState,
  change: Change,
  running: Config | null,
  at: string,
): { state: DraftState } | { error: Diagnostic } {
  if (!state.config) return { state };
  const result = shown(state.config, change, running);
  if ("error" in result) return result;
  const { label } = change;
  const patch = difference(state.config, result.config);
  const step: Step = { label, by: null, at, patch };
  const typing = change.kind === "replace" && change.goesOn && state.redo.length === 0;
  const undo =
    typing && goesOn(state.undo, step) ? joined(state.undo, step, state.config) : pushed(state.undo, step);
  return { state: { ...waitingFor(state, change, result.config, patch), undo, redo: [] } };
}

function waitingFor(state: DraftState, change: Change, config: Config, patch: Patch): DraftState {
  const { undo, redo, trouble } = state;
  const one: Waiting = { label: change.label, change, config, patch, undo, redo };
  return {
    ...state,
    config,
    waiting: [...state.waiting, one],
    trouble: trouble?.kind === "refused" ? trouble.over : trouble,
  };
}

/**
 * Takes back (or does again) the last `count` steps of this browser. What others did in between stays. Gives the
 * reason instead when a step changed what somebody else has changed since.
 */
export function stepped(
  state: DraftState,
  way: "undo" | "redo",
  count = 1,
): { state: DraftState } | { refused: string } {
  if (!state.config) return { state };
  let { config, undo, redo } = state;
  let label = "";
  for (let done = 0; done < count; done += 1) {
    const from = way === "undo" ? undo : redo;
    const index = from.findLastIndex(({ by }) => by === null);
    const step = from[index];
    if (!step) break;
    const result = patched(config, way === "undo" ? inverse(step.patch) : step.patch);
    const [clash] = result.clashes;
    if (clash) return { refused: `Cannot ${way} ${step.label}. ${clash.key}: ${clash.reason}.` };
    const rest = from.toSpliced(index, 1);
    [undo, redo] = way === "undo" ? [rest, pushed(redo, step)] : [pushed(undo, step), rest];
    ({ config } = result);
    label = done === 0 ? `${way} ${step.label}` : `${way} ${done + 1} steps`;
  }
  if (label === "") return { state };
  const patch = difference(state.config, config);
  return { state: { ...waitingFor(state, { kind: "replace", config, label }, config, patch), undo, redo } };
}

/** The server took the first change that waits. `config` is given when the server chose it (a discard). */
export function sent(state: DraftState, etag: string, at: string, by: string, config?: Config): DraftState {
  const [first, ...waiting] = state.waiting;
  if (!first || !state.saved) return state;
  const known = config ?? first.config;
  return {
    ...state,
    saved: { ...state.saved, etag, changedAt: at, changedBy: by, config: known },
    config: waiting.length === 0 ? known : state.config,
    waiting,
    trouble: state.trouble?.kind === "offline" ? null : state.trouble,
  };
}

/** The server would not take the first change: back to what it has; what waited behind it is made again on that. */
export function refused(
  state: DraftState,
  message: string,
  diagnostics: Diagnostic[],
  at: string,
): DraftState {
  const [first, ...behind] = state.waiting;
  if (!first || !state.saved) return state;
  const { undo, redo } = first;
  const back = { ...state, config: state.saved.config, waiting: [], undo, redo, trouble: null };
  const { state: next, lost } = again(back, behind, at);
  const over = questionIn(state.trouble);
  const { label } = first;
  return { ...next, trouble: { kind: "refused", label, lost, message, diagnostics, over } };
}

/** The server has something newer. */
export function outrun(state: DraftState, theirs: Draft): DraftState {
  const [first] = state.waiting;
  if (!first) return state;
  return {
    ...state,
    saved: theirs,
    config: theirs.config,
    waiting: [],
    undo: withTheirs(first.undo, state.saved, theirs),
    redo: first.redo,
    trouble: { kind: "conflict", by: theirs.changedBy, kept: unsent(state).kept },
  };
}

const keptOf = (waiting: Kept[]): Kept[] => waiting.map(({ label, patch }) => ({ label, patch }));

/** What would be lost if the page went now, and whose change it is in conflict with. */
export function unsent({ waiting, trouble }: DraftState): Pick<Left, "kept" | "by"> {
  const question = questionIn(trouble);
  const kept = question?.kind === "conflict" ? question.kept : [];
  const clashes = question?.kind === "clash" ? question.clashes : [];
  const wanted = clashes.map(({ key, before, mine }): Kept => {
    const items = [{ key, before, after: mine }];
    return { label: `my ${key}`, patch: { items, to: [], from: [], comment: null } };
  });
  return { kept: [...kept, ...wanted, ...keptOf(waiting)], by: question?.by ?? null };
}

/** Puts my kept changes on top of theirs; where both changed one item, theirs stays and the person chooses. */
export function reapplied(state: DraftState, at: string): DraftState {
  if (state.trouble?.kind !== "conflict") return state;
  const { by, kept } = state.trouble;
  const { state: next, clashes } = again({ ...state, trouble: null }, kept, at);
  return clashes.length === 0 ? next : { ...next, trouble: { kind: "clash", by, clashes } };
}

/** `clashes` are of the whole change of an item; `lost` are the labels of what did not go in, or not all of it. */
function again(
  state: DraftState,
  kept: Kept[],
  at: string,
): { state: DraftState; clashes: Clash[]; lost: string[] } {
  let next = state;
  const clashes = new Map<string, Clash>();
  const lost: string[] = [];
  for (const { label, patch } of kept) {
    if (!next.config) break;
    // Of several changes to one item, the last says what was wanted; it is not put in without those before it.
    const free = patch.items.filter(({ key, after: mine }) => {
      const clash = clashes.get(key);
      if (clash) clashes.set(key, { ...clash, mine });
      return !clash;
    });
    const result = patched(next.config, { ...patch, items: free });
    for (const clash of result.clashes) clashes.set(clash.key, clash);
    if (result.clashes.length > 0 || free.length < patch.items.length) lost.push(label);
    const done = difference(next.config, result.config);
    if (isEmpty(done)) continue;
    const undo = pushed(next.undo, { label, by: null, at, patch: done });
    const change: Change = { kind: "replace", config: result.config, label };
    next = { ...waitingFor(next, change, result.config, done), undo, redo: [] };
  }
  return { state: next, clashes: [...clashes.values()], lost };
}

/**
 * What an earlier page of this tab left: its lists while the draft is the same, its unsent changes always. `by` is
 * whose change they were in conflict with; the person has not answered that yet.
 */
export type Left = { etag: string; undo: Step[]; redo: Step[]; kept: Kept[]; by: string | null };

export function restored(state: DraftState, left: Left, at: string): DraftState {
  const { saved, config } = state;
  if (!saved || !config) return state;
  const same = left.etag === saved.etag;
  const lists = same ? { ...state, undo: left.undo, redo: left.redo } : state;
  // What has reached the server although the answer was never seen would change nothing.
  const kept = left.kept.filter(({ patch }) => {
    const result = patched(config, patch);
    return result.clashes.length > 0 || !sameConfig(config, result.config);
  });
  if (kept.length === 0) return lists;
  const by = left.by ?? saved.changedBy;
  const waiting: DraftState = { ...lists, trouble: { kind: "conflict", by, kept } };
  return same && left.by === null ? reapplied(waiting, at) : waiting;
}

function shown(
  config: Config,
  change: Change,
  running: Config | null,
): { config: Config } | { error: Diagnostic } {
  switch (change.kind) {
    case "replace":
      return { config: change.config };
    case "discard":
      return { config: running ?? config };
    case "edits":
      return editAll(config, change.edits);
  }
}
