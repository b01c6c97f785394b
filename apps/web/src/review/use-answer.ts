/**
 * The answer to "Keep these rules?". It has to come over a connection made after the switch: the server closes
 * each connection meanwhile, so the browser makes a new one. One that was closed just then fails once.
 */
import { useState } from "react";
import { call, keys, queryClient, Refused, Unreachable } from "../api/index.ts";

export type Answer = "confirm" | "revert";

/** Long enough for the browser to have let go of the old connection. */
const AGAIN_MS = 200;
/** A browser keeps up to six connections to a server; each one that is too old is closed by its refusal. */
const OLD_CONNECTIONS = 6;

async function send(answer: Answer, revision: number): Promise<void> {
  let broken = 0;
  for (let tries = 1; ; tries++) {
    try {
      await call(`/apply/${answer}`, { method: "POST", body: { revision } });
      return;
    } catch (error) {
      if (error instanceof Unreachable) broken += 1;
      else if (!isTooOld(error)) throw error;
      if (broken > 1 || tries > OLD_CONNECTIONS) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

function isTooOld(error: unknown): boolean {
  return error instanceof Refused && error.problem.type.endsWith(":stale-connection");
}

export function useAnswer(revision: number) {
  const [sending, setSending] = useState<Answer | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  async function answer(what: Answer): Promise<void> {
    setSending(what);
    setTrouble(null);
    try {
      await send(what, revision);
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : "The server does not answer.");
    }
    for (const queryKey of [keys.running, keys.revisions, ["plan"]]) {
      void queryClient.invalidateQueries({ queryKey });
    }
    await queryClient.invalidateQueries({ queryKey: keys.status });
    setSending(null);
  }
  return { answer, sending, trouble };
}
