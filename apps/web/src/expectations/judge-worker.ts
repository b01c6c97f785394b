/** Judges beside the page, so that no key waits for ten thousand flows. */
import type { ExpectationResult } from "@flowmgr/flow-analysis";
import type { Status } from "@flowmgr/flow-api";
import type { Config, Expect } from "@flowmgr/flow-model";
import { judgedNow } from "./judged.ts";

export type JudgeRequest = {
  id: number;
  expect: Expect;
  /** Left out where it is the one of the request before: ten thousand flows are dear to hand over. */
  config?: Config;
  machine: Pick<Status, "spared" | "tables">;
};

export type JudgeAnswer = { id: number; judged: ExpectationResult | null };

let config: Config | null = null;

self.onmessage = ({ data }: MessageEvent<JudgeRequest>) => {
  config = data.config ?? config;
  if (!config) return;
  const answer: JudgeAnswer = { id: data.id, judged: judgedNow(data.expect, config, data.machine) };
  self.postMessage(answer);
};
