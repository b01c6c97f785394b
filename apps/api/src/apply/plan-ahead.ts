/**
 * What a review will ask is asked in the pause behind an edit, so that whoever looks at the plan a moment later has it
 * at once: what the edit does to packets, the program and its proof. Nothing of it is kept here; those who answer keep
 * their last answers anyway. The machine is asked nothing, since what it would say may be old by then.
 */
import { EMPTY_CONFIG } from "@flowmgr/flow-model";
import type { FastifyInstance } from "fastify";
import type { Analyst } from "../analysis/asking.ts";
import type { DraftStore, Engine, Parts } from "../parts.ts";
import type { Requests } from "../under-way.ts";

/** Milliseconds behind the last edit: shorter than people take to get from the text to the review, longer than between two keys. */
const PAUSE = 400;

type AheadParts = Pick<Parts, "clock" | "events"> & {
  draft: Pick<DraftStore, "get" | "sound">;
  engine: Pick<Engine, "running" | "prepare">;
  analyst: Pick<Analyst, "packetChanges">;
};

/** Once for each state of the draft. The next edit ends it, and so does any other question over packets. */
export function planAhead(app: FastifyInstance, requests: Requests, parts: AheadParts): void {
  const { clock, events } = parts;
  let cancel = () => {};
  let edited = new AbortController();
  const wait = () => {
    cancel = clock.after(PAUSE, () => {
      if (requests.count() > 0) wait();
      else void prepare(parts, requests, edited.signal);
    });
  };
  const end = () => {
    cancel();
    edited.abort();
  };
  const leave = events.subscribe((name) => {
    if (name !== "draft") return;
    end();
    edited = new AbortController();
    wait();
  });
  app.addHook("onClose", async () => {
    leave();
    end();
  });
}

async function prepare(
  { draft, engine, analyst }: AheadParts,
  requests: Requests,
  signal: AbortSignal,
): Promise<void> {
  try {
    const inForce = engine.running();
    const { config, text } = draft.get();
    if (text === inForce?.text || !draft.sound()) return;
    const asked = { ahead: true, signal };
    await analyst.packetChanges(inForce?.config ?? EMPTY_CONFIG, config, asked);
    // To compile takes the thread that answers requests.
    if (!signal.aborted && requests.count() === 0) await engine.prepare(config, asked);
  } catch {
    // Whoever asks for the plan hears of it: a disk that cannot be read, a config that has no program.
  }
}
