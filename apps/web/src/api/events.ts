/**
 * One event stream a browser. A browser allows six connections to a server over HTTP/1.1, and an event stream
 * holds one for good: seven tabs with one each would block every other request. So the tabs elect one by a lock
 * that the browser frees when the tab goes; it opens the stream and passes events on to the others.
 */
import type { Counters, EventName, EventPayload } from "@flowmgr/flow-api";
import { withChanges } from "@flowmgr/flow-api/counters";
import { createStore, useStore } from "../ui/store.ts";
import { draftChanged } from "./draft.ts";
import { keys, queryClient, runningQuery } from "./queries.ts";
import { signedOut } from "./signed-out.ts";

type Message =
  | { kind: "event"; name: EventName; data: string }
  | { kind: "online"; online: boolean }
  /** A tab that shows counters, or no longer does. */
  | { kind: "watch"; tab: string; on: boolean }
  /** A new leader asks who shows counters. */
  | { kind: "who" };

const NAME = "flowmgr.events";
const NAMES: EventName[] = ["draft", "apply", "counters", "drift", "repair"];
const REOPEN_MS = 3000;

const tab = `${Date.now()}-${Math.random()}`;
const channel = new BroadcastChannel(NAME);
const online = createStore(true);
export const counters = createStore<Counters | null>(null);

/** Tabs that show counters; only the leader's copy is used. */
const watchers = new Set<string>();
let watching = 0;
let started = false;
let leads = false;
let source: EventSource | null = null;
let withCounters = false;

/** Begins to listen; further calls do nothing. */
export function startEvents(): void {
  if (started) return;
  started = true;
  channel.onmessage = (message: MessageEvent<Message>) => received(message.data);
  addEventListener("pagehide", () => channel.postMessage({ kind: "watch", tab, on: false }));
  document.addEventListener("visibilitychange", tellWatching);
  signedOut.subscribe(() => (signedOut.get() ? close() : leads && open()));
  // Locks need a secure context; over plain http to another machine each tab has a stream of its own.
  if (!("locks" in navigator)) {
    lead();
    return;
  }
  void navigator.locks.request(NAME, () => {
    lead();
    return new Promise<never>(() => {});
  });
}

function lead(): void {
  leads = true;
  channel.postMessage({ kind: "who" });
  tellWatching();
  open();
}

function open(): void {
  close();
  withCounters = watchers.size > 0;
  source = new EventSource(`/api/v1/events${withCounters ? "?counters=changes" : ""}`);
  for (const name of NAMES) {
    source.addEventListener(name, (event: MessageEvent<string>) => {
      const message: Message = { kind: "event", name, data: event.data };
      channel.postMessage(message);
      received(message);
    });
  }
  source.onopen = () => tellOnline(true);
  source.onerror = () => {
    tellOnline(false);
    // A refused stream (signed out, say) stays closed; one that broke opens again by itself.
    if (source?.readyState !== EventSource.CLOSED) return;
    void queryClient.invalidateQueries({ queryKey: keys.status });
    setTimeout(() => leads && !signedOut.get() && open(), REOPEN_MS);
  };
}

function close(): void {
  source?.close();
  source = null;
}

function tellOnline(now: boolean): void {
  const message: Message = { kind: "online", online: now };
  channel.postMessage(message);
  received(message);
}

/** Says whether this tab shows counters and is seen. */
function tellWatching(): void {
  const message: Message = {
    kind: "watch",
    tab,
    on: watching > 0 && !document.hidden,
  };
  channel.postMessage(message);
  received(message);
}

function received(message: Message): void {
  switch (message.kind) {
    case "event":
      happened(message.name, message.data);
      break;
    case "online":
      // What was missed while the stream was down is read again.
      if (message.online && !online.get()) void refresh();
      online.set(message.online);
      break;
    case "who":
      tellWatching();
      break;
    case "watch":
      if (message.on) watchers.add(message.tab);
      else watchers.delete(message.tab);
      if (leads && source && withCounters !== watchers.size > 0) open();
      else if (leads && message.on && message.tab !== tab) tellReading();
  }
}

/** To a tab that has begun to show counters: the stream goes on with what changes. */
function tellReading(): void {
  const reading = counters.get();
  if (!reading) return;
  const message: Message = { kind: "event", name: "counters", data: JSON.stringify(reading) };
  channel.postMessage(message);
}

/** The draft that was told of last. */
let heardEtag: string | null = null;

function happened(name: EventName, data: string): void {
  if (name === "counters") {
    const reading: EventPayload<"counters"> = JSON.parse(data);
    const next = withChanges(counters.get(), reading);
    if (next) counters.set(next);
    return;
  }
  if (name === "draft") {
    const draft: EventPayload<"draft"> = JSON.parse(data);
    draftChanged(draft);
    // The draft is the same, and what it would do is not: a mark was set.
    if (draft.etag === heardEtag) void queryClient.invalidateQueries({ queryKey: ["plan"] });
    heardEtag = draft.etag;
  }
  if (name === "apply") void applied(data);
  if (name === "drift") drifted(data);
  if (name === "repair") void readKernelAgain();
  if (name === "draft") void queryClient.invalidateQueries({ queryKey: keys.paths });
  void queryClient.invalidateQueries({ queryKey: keys.status });
}

/** The event of an apply that was heard last. */
let heard: string | null = null;

async function applied(data: string): Promise<void> {
  const before = heard;
  heard = data;
  if (before === data) return;
  if (before === null) {
    // A stream begins with what is so now, which mostly is what was asked for a moment before it was opened.
    const event: { revision: number | null } = JSON.parse(data);
    const running = await queryClient.ensureQueryData(runningQuery).catch(() => null);
    if (running?.revision === event.revision) return;
  }
  void queryClient.invalidateQueries({ queryKey: keys.running });
  void queryClient.invalidateQueries({ queryKey: keys.revisions });
  void readKernelAgain();
}

/** What differed when it was heard last; a stream begins with that too. */
let heardDrift: string | null = null;

function drifted(data: string): void {
  const { detail }: EventPayload<"drift"> = JSON.parse(data);
  if (detail === heardDrift) return;
  heardDrift = detail;
  void readKernelAgain();
}

/** What the kernel holds became another: all that is compared with it or read from it. */
async function readKernelAgain(): Promise<void> {
  const stale = [["plan"], keys.kernel, keys.paths];
  await Promise.all(stale.map((queryKey) => queryClient.invalidateQueries({ queryKey })));
}

async function refresh(): Promise<void> {
  draftChanged({ etag: "" });
  await queryClient.invalidateQueries();
}

/** Call in an effect while counters are on the screen; gives the function that ends it. */
export function watchCounters(): () => void {
  watching += 1;
  tellWatching();
  return () => {
    watching -= 1;
    tellWatching();
  };
}

export function useOnline(): boolean {
  return useStore(online);
}
