/** The draft: one store a tab, what waits sent in order, hooks for the places. */
import type { Draft, DraftHead, EventPayload } from "@flowmgr/flow-api";
import { type Config, type Diagnostic, type Edit, EMPTY_CONFIG, sharing } from "@flowmgr/flow-model";
import { notify } from "../ui/notices.tsx";
import { createStore, useStore } from "../ui/store.ts";
import { arrived } from "./arrivals.ts";
import { call, get, Refused, Unreachable } from "./client.ts";
import {
  type Change,
  changed,
  type DraftState,
  EMPTY_DRAFT,
  followed,
  letGo,
  loaded,
  outrun,
  reapplied,
  refused,
  restored,
  sent,
  stepped,
  type Trouble,
  unsent,
  type Waiting,
} from "./draft-state.ts";
import { keepSession, leftSession } from "./draft-storage.ts";
import { editsTo } from "./edits-to.ts";
import { mineInstead } from "./mine.ts";
import type { Clash } from "./patch.ts";
import { signedOut } from "./signed-out.ts";
import type { Step } from "./steps.ts";

const draft = createStore<DraftState>(EMPTY_DRAFT);
const loadError = createStore<Error | null>(null);
/** The running config, for what a discard will show before the server answers; set by whoever reads it. */
let runningConfig: Config | null = null;
let sending = false;
/** While the draft is being read. */
let reading: Promise<void> | null = null;
/** What the draft's ETag may be by now, heard while it was being read: what arrives may be the older one. */
const heardMeanwhile = new Set<string>();

const RETRY_MS = 2000;

const now = () => new Date().toISOString();

/** Every state of the draft passes here: what somebody else changed is told of, what a reload would lose is kept. */
function become(next: DraftState): void {
  const before = draft.get();
  draft.set(next);
  if (next === before) return;
  const last = next.undo.at(-1);
  // At the start the list is what an earlier page of this tab left: nothing in it is news.
  if (before.saved && last?.by && last !== before.undo.at(-1)) arrived(last.by, last.patch);
  keepSession(next);
}

/** Reads the draft; called at the start and whenever an event names another ETag, which "" stands for too. */
export function loadDraft(heard = ""): Promise<void> {
  heardMeanwhile.add(heard);
  reading ??= readDraft().finally(() => {
    reading = null;
  });
  return reading;
}

async function readDraft(): Promise<void> {
  try {
    let answer: Draft;
    do {
      heardMeanwhile.clear();
      answer = await get<Draft>("/draft");
      if (heardMeanwhile.has("")) continue;
      const first = draft.get().saved === null;
      let state = loaded(draft.get(), shared(answer));
      const left = first ? leftSession() : null;
      if (left) state = restored(state, left, now());
      become(state);
      heardMeanwhile.delete(answer.etag);
    } while (heardMeanwhile.size > 0);
    loadError.set(null);
    void sendWaiting();
  } catch (error) {
    loadError.set(error instanceof Error ? error : new Unreachable());
  }
}

/** With the items that are known already: what is remembered of one stays known, and it is compared by identity. */
function shared(answer: Draft): Draft {
  const known = draft.get().config ?? runningConfig ?? EMPTY_CONFIG;
  return { ...answer, config: sharing(known, answer.config) };
}

/** An event says that the draft has this ETag now, and mostly how it came to it. */
export function draftChanged(event: { etag: string } & Partial<EventPayload<"draft">>): void {
  const { etag } = event;
  // While a write of ours is out, the event is most likely its own; sending ends with a look at the ETag.
  if (sending) {
    heard = etag;
    return;
  }
  const state = draft.get();
  if (state.saved?.etag === etag) return;
  const told = reading ? null : followed(state, event);
  if (told) become(told);
  else void loadDraft(etag);
}
let heard: string | null = null;

/** The draft as the server last gave it, once it was read for the first time; null when that failed. */
export async function savedDraft(): Promise<Draft | null> {
  await reading;
  return draft.get().saved;
}

/** Takes the running config; gives it back, sharing with the draft what both say. */
export function setRunningConfig(config: Config): Config {
  runningConfig = sharing(draft.get().config ?? EMPTY_CONFIG, config);
  return runningConfig;
}

async function sendWaiting(): Promise<void> {
  if (sending) return;
  sending = true;
  try {
    while (draft.get().waiting.length > 0) {
      if (!(await sendFirst())) break;
    }
  } finally {
    sending = false;
  }
  const { saved, waiting } = draft.get();
  if (heard !== null && waiting.length === 0 && saved?.etag !== heard) void loadDraft();
  heard = null;
}

/** Sends the first change that waits. False when sending has to stop for now. */
async function sendFirst(): Promise<boolean> {
  const { waiting, saved } = draft.get();
  const first = waiting[0];
  if (!first || !saved) return false;
  try {
    const answer = await write(first, saved);
    const body: DraftHead & { config?: Config } = await answer.json();
    // What is being read may be the draft before it.
    heardMeanwhile.add("");
    become(sent(draft.get(), body.etag, body.changedAt, body.changedBy, keep(first.change, body.config)));
    return true;
  } catch (error) {
    return await failed(error);
  }
}

/** A discard's outcome is the server's to say; every other change is known already and keeps its identity. */
function keep(change: Change, config: Config | undefined): Config | undefined {
  return change.kind === "discard" ? config : undefined;
}

/** On the draft that the server has. A config that few edits lead to travels as those: an undo, a word in the text. */
function write({ change, patch }: Waiting, { etag, config }: Draft): Promise<Response> {
  const sendEdits = (edits: readonly Edit[]) =>
    call("/draft/edits", { method: "POST", body: { edits }, ifMatch: etag, minimal: true });
  switch (change.kind) {
    case "edits":
      return sendEdits(change.edits);
    case "replace": {
      const edits = editsTo(config, change.config, patch);
      return edits
        ? sendEdits(edits)
        : call("/draft", { method: "PUT", body: change.config, ifMatch: etag, minimal: true });
    }
    case "discard":
      return call("/draft", { method: "DELETE", ifMatch: etag });
  }
}

async function failed(error: unknown): Promise<boolean> {
  if (error instanceof Refused && error.status === 412) {
    const theirs = await get<Draft>("/draft").catch(() => null);
    if (theirs) become(outrun(draft.get(), shared(theirs)));
    else retryLater();
    return false;
  }
  if (error instanceof Refused && error.status === 401) return false;
  if (error instanceof Refused && error.status < 500 && error.status !== 429) {
    become(refused(draft.get(), error.message, error.problem.diagnostics, now()));
    return false;
  }
  retryLater();
  return false;
}

function retryLater(): void {
  const state = draft.get();
  if (state.trouble === null) draft.set({ ...state, trouble: { kind: "offline" } });
  setTimeout(() => void sendWaiting(), RETRY_MS);
}

// Signed in again: what waited goes on.
signedOut.subscribe(() => {
  if (!signedOut.get()) void loadDraft().then(sendWaiting);
});

// The browser's own "are you sure": only while something has not reached the server.
addEventListener("beforeunload", (event) => {
  if (unsent(draft.get()).kept.length > 0) event.preventDefault();
});

function perform(change: Change): Diagnostic | null {
  const result = changed(draft.get(), change, runningConfig, now());
  if ("error" in result) return result.error;
  become(result.state);
  void sendWaiting();
  return null;
}

function step(way: "undo" | "redo", count?: number): void {
  const result = stepped(draft.get(), way, count);
  if ("refused" in result) notify({ text: result.refused, tone: "error" });
  else become(result.state);
  void sendWaiting();
}

const actions = {
  /** Shows at once, sends in order. `label` names it in Undo: "remove mail". Null, or why it cannot be. */
  edit: (edits: Edit[], label: string): Diagnostic | null => perform({ kind: "edits", edits, label }),
  /** The whole config. */
  replace: (config: Config, label: string): Diagnostic | null => perform({ kind: "replace", config, label }),
  /** The same, as the text editor gives it again and again: one step until somebody pauses. */
  retype: (config: Config, label: string): Diagnostic | null =>
    perform({ kind: "replace", config, label, goesOn: true }),
  /** Back to the running config. */
  discard: (): Diagnostic | null => perform({ kind: "discard", label: "discard all changes" }),
  /** Takes back the last step of this browser; says why where that would undo somebody else's change too. */
  undo: (): void => step("undo"),
  redo: (): void => step("redo"),
  /** The same for the last `count` steps at once. */
  goBack: (count: number): void => step("undo", count),
  goForth: (count: number): void => step("redo", count),
  /** After a conflict: my changes on top of theirs. */
  reapplyMine(): void {
    become(reapplied(draft.get(), now()));
    void sendWaiting();
  },
  /** Of an item that both changed: mine in place of theirs. */
  takeMine(clash: Clash): void {
    const { config, trouble, undo } = draft.get();
    if (!config || trouble?.kind !== "clash") return;
    const theirs = undo.flatMap(({ by, patch }) => (by === null ? [] : [patch]));
    const problem = perform({
      kind: "edits",
      edits: [mineInstead(config, clash, theirs)],
      label: `take my ${clash.key}`,
    });
    if (problem) notify({ text: problem.message, tone: "error" });
    else actions.takeTheirs(clash);
  },
  /** Of an item that both changed: theirs stays. */
  takeTheirs(clash: Clash): void {
    const state = draft.get();
    if (state.trouble?.kind !== "clash") return;
    const clashes = state.trouble.clashes.filter((other) => other !== clash);
    become({ ...state, trouble: clashes.length > 0 ? { ...state.trouble, clashes } : null });
  },
  /** After a conflict or a refusal: leave it. */
  letGo(): void {
    become(letGo(draft.get()));
  },
};
export type DraftActions = typeof actions & {
  undoLabel: string | null;
  redoLabel: string | null;
};

/** The undo list, latest last; what can be done again, next last. */
export function useSteps(): { undo: Step[]; redo: Step[] } {
  const { undo, redo } = useStore(draft);
  return { undo, redo };
}

export type DraftView = {
  /** What the page shows; null until it was read. */
  config: Config | null;
  etag: string | null;
  /** True when every edit has reached the server. */
  settled: boolean;
  changedBy: string | null;
  changedAt: string | null;
  trouble: Trouble | null;
  error: Error | null;
};

export function useDraft(): DraftView {
  const state = useStore(draft);
  const error = useStore(loadError);
  return {
    config: state.config,
    etag: state.saved?.etag ?? null,
    settled: state.waiting.length === 0,
    changedBy: state.saved?.changedBy ?? null,
    changedAt: state.saved?.changedAt ?? null,
    trouble: state.trouble,
    error: state.config ? null : error,
  };
}

export function useEdit(): DraftActions {
  const state = useStore(draft);
  return {
    ...actions,
    undoLabel: labelOf(state.undo),
    redoLabel: labelOf(state.redo),
  };
}

/** Of the last step that is this browser's own. */
function labelOf(steps: Step[]): string | null {
  return steps.findLast(({ by }) => by === null)?.label ?? null;
}
