/** The thread of the analysis dies, rests, goes: whoever asks gets an answer all the same. */
import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import type { Config } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "../src/clock.ts";
import type { Clock } from "../src/parts.ts";
import { analyst, denies, logged, MINUTES, permits } from "./analyst.ts";
import { boxes } from "./boxes.ts";
import { testClock } from "./clock.ts";
import { startLab } from "./lab.ts";
import { config } from "./machine-as-data.ts";

/** The threads that are started from now on. */
function threads(): Worker[] {
  const started: Worker[] = [];
  const note = (thread: Worker) => started.push(thread);
  process.on("worker", note);
  onTestFinished(() => void process.off("worker", note));
  return started;
}

describe("a thread that dies", () => {
  test("is replaced by the next question, whether it was at work or not", async () => {
    const started = threads();
    const asked = analyst();
    expect(await asked.packetChanges(permits, denies, { budget: MINUTES })).toMatchObject({
      status: "complete",
    });
    await started[0]?.terminate();
    expect(await asked.packetChanges(denies, permits, { budget: MINUTES })).toMatchObject({
      status: "complete",
    });
    const lost = asked.deadRules(boxes(20_000), { budget: MINUTES });
    const next = asked.deadRules(permits, { budget: MINUTES });
    await started[1]?.terminate();
    expect(await lost).toEqual({ status: "partial", dead: [], open: [], diagnostics: [] });
    expect(await next).toMatchObject({ status: "complete" });
    expect(started.length).toBe(3);
  });

  test("gives back memory when nobody asks", async () => {
    const started = threads();
    const asked = analyst();
    const size = async () => (await started[0]?.getHeapStatistics())?.total_heap_size ?? 0;
    await asked.deadRules(manyFlows(3000), { budget: MINUTES });
    await asked.deadRules(permits, { budget: MINUTES });
    const before = await size();
    asked.rest();
    // Questions are answered in turn.
    expect(await asked.deadRules(denies, { budget: MINUTES })).toMatchObject({ status: "complete" });
    expect(await size()).toBeLessThan(0.8 * before);
  });

  test("goes when nobody has asked for ten minutes, and another answers then", async () => {
    const started = threads();
    const clock = testClock();
    const asked = analyst(undefined, clock);
    const ends = async (before: Config, after: Config) =>
      expect(await asked.packetChanges(before, after, { budget: MINUTES })).toMatchObject({
        status: "complete",
      });
    await ends(permits, denies);
    const gone = started[0] && once(started[0], "exit");
    clock.pass(MINUTES - 1);
    await ends(denies, permits);
    clock.pass(MINUTES - 1);
    expect(started[0]?.threadId).toBeGreaterThan(0);
    clock.pass(1);
    await gone;
    await ends(permits, config("flow a deny\n  match dst 10.0.0.2\n"));
    expect(started.length).toBe(2);
    expect(logged).toEqual([]);
  });

  test("closed while it is asked, leaves nothing behind that keeps the server from ending", async () => {
    const waiting = new Set<() => void>();
    const clock: Clock = {
      ...systemClock,
      after(ms, call) {
        const cancel = systemClock.after(ms, call);
        const end = () => {
          waiting.delete(end);
          cancel();
        };
        waiting.add(end);
        return end;
      },
    };
    const asked = analyst(undefined, clock);
    await asked.packetChanges(permits, denies, { budget: MINUTES });
    expect(waiting.size).toBe(1);
    const lost = asked.deadRules(boxes(20_000), { budget: MINUTES });
    await asked.close();
    expect(await lost).toMatchObject({ status: "partial" });
    expect(waiting.size).toBe(0);
  });

  test("of too large a question leaves the others their answers", async () => {
    const asked = analyst(24);
    const large = asked.deadRules(manyFlows(20_000), { budget: MINUTES });
    const small = asked.deadRules(permits, { budget: MINUTES });
    expect(await large).toMatchObject({ status: "partial", dead: [] });
    expect(await small).toMatchObject({ status: "complete" });
    expect(logged).toMatchObject([{ code: "ERR_WORKER_OUT_OF_MEMORY" }]);
  });

  test("is a partial answer over HTTP, and the next one is whole", async () => {
    const started = threads();
    const lab = await startLab();
    onTestFinished(() => lab.remove());
    process.once("worker", (thread) => void once(thread, "online").then(() => thread.terminate()));
    const body = manyFlows(100);
    const lost = await lab.call("POST", "/check", { body });
    expect(lost).toMatchObject({ status: 200, json: { findings: { status: "partial" } } });
    expect(started.length).toBeGreaterThan(0);
    // A machine that has no time may not start another thread within the budget of one call.
    await vi.waitFor(
      async () => {
        const whole = await lab.call("POST", "/check", { body });
        expect(whole).toMatchObject({ status: 200, json: { findings: { status: "complete" } } });
      },
      { timeout: 50_000 },
    );
  });
});
