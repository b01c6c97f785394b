/** The worker's other end: a text in, its diagnostics out. */
import type { Diagnostic } from "@flowmgr/flow-model";
import type { CheckAnswer, CheckRequest } from "./check-worker.ts";
import type { Checked } from "./session.ts";

let worker: Worker | null = null;
let last = 0;
const waiting = new Map<number, (checked: Checked) => void>();

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

export function checkBeside(text: string, machine: readonly Diagnostic[]): Promise<Checked> {
  worker ??= start();
  last += 1;
  const request: CheckRequest = { id: last, text, machine };
  worker.postMessage(request);
  return new Promise((resolve) => waiting.set(request.id, resolve));
}
