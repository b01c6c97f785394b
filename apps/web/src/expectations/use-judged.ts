import type { ExpectationResult } from "@flowmgr/flow-analysis";
import type { Status } from "@flowmgr/flow-api";
import type { Config, Expect } from "@flowmgr/flow-model";
import { useEffect, useRef, useState } from "react";
import type { JudgeAnswer, JudgeRequest } from "./judge-worker.ts";

type Asked = Omit<JudgeRequest, "id" | "config"> & { config: Config };

/** One request at a time, the newest next. */
class Judge {
  readonly #worker = new Worker(new URL("./judge-worker.ts", import.meta.url), { type: "module" });
  #busy: Asked | null = null;
  #next: Asked | null = null;
  #known: Config | null = null;
  #count = 0;

  constructor(tell: (expect: Expect, judged: ExpectationResult | null) => void) {
    this.#worker.onmessage = ({ data }: MessageEvent<JudgeAnswer>) => {
      const asked = this.#busy;
      this.#busy = null;
      if (asked && data.id === this.#count) tell(asked.expect, data.judged);
      this.#send();
    };
  }

  ask(asked: Asked): void {
    this.#next = asked;
    this.#send();
  }

  end(): void {
    this.#worker.terminate();
  }

  #send(): void {
    if (this.#busy || !this.#next) return;
    const { config, ...rest } = this.#next;
    this.#busy = this.#next;
    this.#next = null;
    this.#count += 1;
    this.#worker.postMessage({ id: this.#count, ...rest, ...(config === this.#known ? {} : { config }) });
    this.#known = config;
  }
}

/** What becomes of the expectation in this config; null while it is being worked out, or where there is none. */
export function useJudged(
  expect: Expect | null,
  config: Config,
  machine: Pick<Status, "spared" | "tables"> | undefined,
): ExpectationResult | null {
  const [known, setKnown] = useState<{ of: Expect; judged: ExpectationResult | null } | null>(null);
  const judge = useRef<Judge | null>(null);
  useEffect(() => {
    const started = new Judge((of, judged) => setKnown({ of, judged }));
    judge.current = started;
    return () => started.end();
  }, []);
  const { spared, tables } = machine ?? {};
  useEffect(() => {
    if (expect && spared && tables) judge.current?.ask({ expect, config, machine: { spared, tables } });
  }, [expect, config, spared, tables]);
  return known && known.of === expect ? known.judged : null;
}
