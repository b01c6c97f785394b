/** Server-sent events: what happened, told to whoever listens, once and in order. */
import type { ServerResponse } from "node:http";
import { constants, createGzip } from "node:zlib";
import type { Counters, EventName } from "@flowmgr/flow-api";
import { changedCounters } from "@flowmgr/flow-api/counters";
import { changes, EMPTY_CONFIG } from "@flowmgr/flow-model";
import { z } from "zod";
import type { Api } from "./api.ts";
import { counterWatch } from "./apply/counter-watch.ts";
import { cookieName, secretOf } from "./auth/guard.ts";
import { openSessions } from "./auth/sessions.ts";
import { takes } from "./packed.ts";
import type { Clock, Events, Parts } from "./parts.ts";
import { Problem } from "./problem.ts";

/** Proxies and browsers cut what is silent for 30 to 60 s. */
const HEARTBEAT_MS = 15_000;
/** Bytes that may wait for a slow reader; one event of counters for 10 000 flows is 5 MB. */
const MOST_WAITING = 16 * 1024 * 1024;
/** Streams that one session or token holds open: a page holds one for all its tabs, a script that forgets them many. */
const MOST_STREAMS = 20;

type Listener = Parameters<Events["subscribe"]>[0];

export function createEvents(): Events {
  const listeners = new Set<Listener>();
  return {
    emit(name, payload) {
      for (const listener of [...listeners]) listener(name, payload);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export async function registerEvents(app: Api, parts: Parts): Promise<void> {
  const watchCounters = counterWatch(parts);
  const sessions = openSessions(parts.db, parts.clock);
  const streams = countStreams();
  app.get(
    "/events",
    {
      // The headers of a stream without end would come, but the answer never ends.
      exposeHeadRoute: false,
      schema: {
        tags: ["status"],
        summary:
          "Server-sent events: draft, apply, drift; with counters=true the counters too, with counters=changes those that changed",
        querystring: z.strictObject({
          counters: z.enum(["true", "changes", "false"]).default("false"),
        }),
        response: {
          200: {
            description: "A stream without end",
            content: { "text/event-stream": { schema: z.string() } },
          },
        },
      },
    },
    (request, reply) => {
      const withCounters = request.query.counters !== "false";
      const changesOnly = request.query.counters === "changes";
      const done = streams.begin(secretOf(request));
      const secret = request.caller.via === "session" ? request.cookies[cookieName(request)] : undefined;
      reply.hijack();
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value) reply.raw.setHeader(name, value);
      const stream = openStream(reply.raw, {
        clock: parts.clock,
        mayRead: () => !secret || sessions.find(secret) !== null,
        packed: takes(request, "gzip"),
      });
      for (const [name, payload] of present(parts)) stream.send(name, payload);
      const tell: Listener = changesOnly ? tellChanges(stream) : stream.send;
      const unsubscribe = parts.events.subscribe((name, payload) => {
        if (name !== "counters" || withCounters) tell(name, payload);
      });
      const unwatch = withCounters ? watchCounters() : () => undefined;
      reply.raw.once("close", () => {
        done();
        unsubscribe();
        unwatch();
      });
    },
  );
}

/** Of counters what the reader does not know yet: one event of ten thousand flows is megabytes, and mostly the last one's. */
function tellChanges(stream: ReturnType<typeof openStream>): Listener {
  let told: Counters | null = null;
  return (name, payload) => {
    const reading = isReading(payload) ? payload : null;
    const sent = stream.send(name, told && reading ? changedCounters(told, reading) : payload);
    if (sent && reading) told = reading;
  };
}

const isReading = (payload: object): payload is Counters => "flows" in payload;

/** Counts the open streams of each caller. */
function countStreams() {
  const open = new Map<string, number>();
  return {
    /** Gives what ends it. Throws Problem 429 when the caller has as many as one may have. */
    begin(caller: string): () => void {
      const now = open.get(caller) ?? 0;
      if (now >= MOST_STREAMS) throw tooManyStreams();
      open.set(caller, now + 1);
      return () => {
        const left = (open.get(caller) ?? 1) - 1;
        if (left === 0) open.delete(caller);
        else open.set(caller, left);
      };
    },
  };
}

function tooManyStreams(): Problem {
  return new Problem({
    status: 429,
    code: "too-many-streams",
    title: "Too many event streams",
    detail: `You have ${MOST_STREAMS} streams of events open. Close one that nobody reads, then ask again.`,
  });
}

/** What is so now: who listens from here on has missed nothing. */
function present({ draft, engine }: Parts): [EventName, unknown][] {
  const { etag, config, changedBy, changedAt } = draft.get();
  const running = engine.running();
  const { state, unconfirmed, detail } = engine.state();
  const count = changes(running?.config ?? EMPTY_CONFIG, config).changes.length;
  return [
    ["draft", { etag, changedBy, changedAt, changes: count }],
    [
      "apply",
      {
        state,
        revision: running?.revision ?? null,
        deadline: unconfirmed?.deadline ?? null,
      },
    ],
    ["drift", { drift: state === "drift", detail: state === "drift" ? detail : null }],
  ];
}

type StreamOptions = {
  clock: Clock;
  mayRead: () => boolean;
  /** Whether events are packed, each one sent at once all the same: the counters of 10 000 flows are a tenth then. */
  packed: boolean;
};

/** Level 1 packs them in a third of the time that the usual one takes, and to nearly as little. */
const PACKING = { level: 1, flush: constants.Z_SYNC_FLUSH };

/** Writes events until the reader goes, may no longer read, or takes too little. */
function openStream(raw: ServerResponse, { clock, mayRead, packed }: StreamOptions) {
  raw.writeHead(200, {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    Vary: "Accept-Encoding",
    ...(packed && { "Content-Encoding": "gzip" }),
    // nginx would collect events until its buffer is full.
    "X-Accel-Buffering": "no",
  });
  const pack = packed ? createGzip(PACKING) : null;
  pack?.on("error", () => raw.destroy()).pipe(raw);
  const out = pack ?? raw;
  /** Bytes that nobody has taken yet, packed and still to be packed. */
  const waiting = () => raw.writableLength + (pack ? pack.readableLength + pack.writableLength : 0);
  let cancel = () => {};
  /** Something was still waiting to be read at the last heartbeat. */
  let behind = false;
  const beat = () => {
    const isWaiting = waiting() > 0;
    if (!mayRead()) return out.end();
    // A whole heartbeat later nothing was taken: nobody is there, and what waits for him is ours to keep in memory.
    if (isWaiting && behind) return raw.destroy();
    behind = isWaiting;
    out.write(": here\n\n");
    cancel = clock.after(HEARTBEAT_MS, beat);
  };
  raw.once("close", () => {
    cancel();
    pack?.destroy();
  });
  raw.on("error", () => raw.destroy());
  beat();
  return {
    /** False when the reader does not get it. */
    send(name: EventName, payload: unknown): boolean {
      // The next counters say all that these do.
      if (name === "counters" && (raw.writableNeedDrain || pack?.writableNeedDrain)) return false;
      if (waiting() > MOST_WAITING) raw.destroy();
      else if (!raw.destroyed) out.write(`event: ${name}\ndata: ${JSON.stringify(payload)}\n\n`);
      return !raw.destroyed;
    },
  };
}
