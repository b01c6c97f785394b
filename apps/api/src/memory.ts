/**
 * Memory that an apply or a plan took goes back to the machine once nobody asks for anything. V8 collects only as much
 * as it needs, and keeps for itself the pages that become free; it gives them back when it is told that memory is short.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { FastifyInstance } from "fastify";
import type { Clock } from "./parts.ts";
import type { Requests } from "./under-way.ts";

/** Milliseconds without a request: somebody who works is not kept waiting, nor a script between two calls. */
const QUIET = 3000;
/** Bytes beyond what was left the last time. To collect takes 0.4 s with ten thousand flows, so not for a little. */
const WORTHWHILE = 48 * 1024 * 1024;

/** `others`: what else gives back what it took, another thread. */
export function giveBackMemory(
  app: FastifyInstance,
  requests: Requests,
  clock: Clock,
  others: () => void,
): void {
  const collect = collectAll();
  let left = resident();
  let cancel = () => {};
  const look = () => {
    if (requests.count() > 0 || resident() < left + WORTHWHILE) return;
    collect();
    others();
    left = resident();
  };
  requests.ended(() => {
    cancel();
    cancel = clock.after(QUIET, look);
  });
  app.addHook("onClose", async () => cancel());
}

/** Bytes; 0 where nobody says, as while no file can be opened: then nothing is given back, and nothing else goes wrong. */
function resident(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}

/**
 * Gives what collects all that the thread which calls it has no use for, and gives back its pages: the collector that V8
 * gives to a context which is made while it is exposed.
 */
export function collectAll(): () => void {
  let collector: unknown = null;
  return () => {
    if (collector === null) {
      setFlagsFromString("--expose-gc");
      collector = runInNewContext("gc");
      setFlagsFromString("--no-expose-gc");
    }
    const how = { type: "major", execution: "sync", flavor: "last-resort" };
    if (typeof collector === "function") Reflect.apply(collector, undefined, [how]);
  };
}
