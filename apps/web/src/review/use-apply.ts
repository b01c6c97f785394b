/** Puts the reviewed draft into the kernel, and keeps what came of it. */
import type { AppliedAnswer, Problem } from "@flowmgr/flow-api";
import { useState } from "react";
import { get, keys, loadDraft, queryClient, Refused, Unreachable } from "../api/index.ts";

export type Outcome =
  | { kind: "applied"; answer: AppliedAnswer }
  | { kind: "refused"; problem: Problem }
  /** No answer: it may be in force or not; the status will say. */
  | { kind: "unknown" };

export type ApplyInput = {
  etag: string;
  message: string;
  confirmWithin: number;
  /** Codes of what the person takes upon himself. */
  accept: string[];
};

export function useApply() {
  const [running, setRunning] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  async function apply(input: ApplyInput): Promise<Outcome> {
    setRunning(true);
    setOutcome(null);
    const next = await send(input);
    if (next.kind === "refused" && next.problem.status === 412) await loadDraft();
    setOutcome(next);
    setRunning(false);
    void queryClient.invalidateQueries({ queryKey: ["plan"] });
    for (const queryKey of [keys.status, keys.running, keys.revisions]) {
      void queryClient.invalidateQueries({ queryKey });
    }
    return next;
  }
  return { apply, running, outcome, close: () => setOutcome(null) };
}

async function send(input: ApplyInput): Promise<Outcome> {
  const { message, accept, ...rest } = input;
  const body = {
    ...rest,
    ...(message.trim() === "" ? {} : { message: message.trim() }),
    ...(accept.length > 0 ? { accept } : {}),
  };
  try {
    return {
      kind: "applied",
      answer: await get<AppliedAnswer>("/apply", { method: "POST", body }),
    };
  } catch (error) {
    if (error instanceof Refused) return { kind: "refused", problem: error.problem };
    if (error instanceof Unreachable) return { kind: "unknown" };
    throw error;
  }
}
