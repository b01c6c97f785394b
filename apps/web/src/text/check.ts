/** The worker's other end: a text in, its diagnostics out, and what it means. */
import { type Config, type Diagnostic, withDelta } from "@flowmgr/flow-model";
import type { CheckAnswer, CheckRequest } from "./check-worker.ts";
import type { Checked } from "./session.ts";

let worker: Worker | null = null;
let last = 0;
/** The text that the worker has. */
let sent: string | null = null;
/** What it means; the worker reads the same in it, item by item. */
let held: Config | null = null;
const waiting = new Map<number, (answer: CheckAnswer) => void>();

/** Started by the first text, not by the page. */
function start(): Worker {
  const started = new Worker(new URL("./check-worker.ts", import.meta.url), {
    type: "module",
  });
  started.onmessage = ({ data }: MessageEvent<CheckAnswer>) => {
    waiting.get(data.id)?.(data);
    waiting.delete(data.id);
  };
  return started;
}

/**
 * `means`: what the text is known to mean, because it was printed from it; null where it was typed. Then its config
 * shares with the one before what both say: one word typed among ten thousand flows is one flow that changes hands.
 */
export function checkBeside(
  text: string,
  machine: readonly Diagnostic[],
  means: Config | null,
): Promise<Checked> {
  worker ??= start();
  last += 1;
  const request: CheckRequest = {
    id: last,
    text: text === sent ? null : text,
    machine,
    told: means !== null,
  };
  sent = text;
  worker.postMessage(request);
  return new Promise((resolve) => {
    waiting.set(request.id, ({ diagnostics, delta }) => {
      held = means ?? withDelta(delta, held);
      resolve({ config: held, diagnostics });
    });
  });
}
