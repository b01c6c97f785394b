/** The thread that analyses: what it says is what the analysis says, whatever becomes of the thread or of who asked. */
import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { deadRules, packetChanges } from "@flowmgr/flow-analysis";
import type { FamilyName } from "@flowmgr/flow-compiler";
import { edit } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { createAnalyst } from "../src/analysis/analyst.ts";
import type { Analyst } from "../src/analysis/asking.ts";
import { Answering } from "../src/analysis/questions.ts";
import { Shelf } from "../src/analysis/shelf.ts";
import { systemClock } from "../src/clock.ts";
import type { Clock } from "../src/parts.ts";
import { boxes } from "./boxes.ts";
import { startLab } from "./lab.ts";
import { config } from "./machine-as-data.ts";

const judged: FamilyName[] = ["ip", "ip6"];
const parts = {
  clock: systemClock,
  settings: { loopback: "spare", neighbours: "spare" },
  engine: { state: () => ({ tables: {}, judged }) },
} as const;

/** What died, and why. */
const logged: unknown[] = [];
function analyst(heapMb?: number, clock: Clock = systemClock): Analyst {
  const made = createAnalyst(
    { ...parts, clock },
    { log: (error) => logged.push(error), ...(heapMb && { heapMb }) },
  );
  onTestFinished(() => made.close());
  return made;
}

afterEach(() => {
  logged.length = 0;
});

const MINUTES = 600_000;
const permits = config("flow a permit\n  match dst 10.0.0.1\n");
const denies = config("flow a deny\n  match dst 10.0.0.1\n");

describe("the answer is that of the analysis itself", () => {
  test("over an edit after the other, with items that are known by number", async () => {
    const asked = analyst();
    const first = manyFlows(120);
    let last = first;
    // More states than the thread keeps, so that it forgets some and is taught them again.
    for (let turn = 0; turn < 12; turn += 1) {
      const name = `service-${[0, 1, 3, 6, 8][turn % 5]}`;
      const edited = edit(last, { do: "move", name, position: 1 + ((turn * 37) % 100) });
      if ("error" in edited) throw new Error(edited.error.message);
      const { diagnostics: _, ...dead } = await asked.deadRules(edited.config, { budget: MINUTES });
      expect(dead).toEqual(deadRules(edited.config));
      const next = await asked.packetChanges(turn % 3 === 0 ? first : last, edited.config, {
        budget: MINUTES,
      });
      expect(next).toEqual(packetChanges(turn % 3 === 0 ? first : last, edited.config));
      last = edited.config;
    }
    expect(logged).toEqual([]);
  });

  test("what did not change is sent by number, and what nobody asks about is forgotten", () => {
    const shelf = new Shelf();
    const first = manyFlows(50);
    expect(shelf.lessons([first])).toMatchObject([{ do: "learn", fresh: { length: 50 } }]);
    expect(shelf.lessons([first])).toEqual([]);
    const states = [first];
    for (let turn = 0; turn < 7; turn += 1) {
      const [flow] = permits.items;
      if (!flow) throw new Error("no flow");
      const added = { ...flow, name: `new-${turn}` };
      const next = { ...first, items: [added, ...first.items] };
      const [lesson] = shelf.lessons([next]);
      expect(lesson).toMatchObject({ do: "learn", fresh: [[expect.any(Number), added]] });
      states.push(next);
    }
    // The first of those with an item of their own is gone, and the item with it.
    const [, second] = states;
    expect(shelf.lessons(second ? [second] : [])).toMatchObject([
      { do: "learn", fresh: { length: 1 }, items: { length: 51 } },
      { do: "forget", configs: { length: 1 }, items: { length: 1 } },
    ]);
  });
});

describe("an answer in part", () => {
  test("a question without time finds nothing, and says that it is not all", async () => {
    const asked = analyst();
    const none = await asked.packetChanges(permits, denies, { budget: 0 });
    expect(none).toEqual({ status: "partial", changes: [], total: 0 });
    const all = await asked.packetChanges(permits, denies, { budget: MINUTES });
    expect(all).toMatchObject({ status: "complete", changes: { length: 1 } });
  });

  test("a question that had too little time is answered from there on when it is asked again", () => {
    const answering = new Answering();
    const config = boxes(150);
    const openAfter = (): number => {
      let looks = 0;
      const stop = () => {
        looks += 1;
        return looks > 3;
      };
      const { found } = answering.answer({ kind: "dead-rules", config }, { stop });
      return "open" in found ? found.open.length : Number.NaN;
    };
    const open = [openAfter()];
    while (open.at(-1) !== 0 && open.length < 200) open.push(openAfter());
    expect(open[0]).toBeGreaterThan(0);
    expect(open.at(-1)).toBe(0);
    const whole = answering.answer({ kind: "dead-rules", config }, {});
    const { diagnostics: _, ...dead } = { diagnostics: [], ...whole.found };
    expect(dead).toEqual(deadRules(config));
  });

  /** What nobody can answer within the time of this test. */
  const endless = boxes(20_000);

  test("a newer question from the same place takes the turn of an older one", async () => {
    const asked = analyst();
    const older = asked.deadRules(endless, { place: "draft", budget: MINUTES });
    const waiting = asked.deadRules(boxes(10), { place: "draft", budget: MINUTES });
    const newer = asked.deadRules(permits, { place: "draft", budget: MINUTES });
    expect(await older).toMatchObject({ status: "partial", dead: [] });
    expect(await waiting).toMatchObject({ status: "partial", dead: [] });
    expect(await newer).toMatchObject({ status: "complete", dead: [] });
    expect(logged).toEqual([]);
  });

  test("guards of two who ask at once are two questions, and both are answered", async () => {
    const asked = analyst();
    const guarded = (src: string) => [
      {
        ...({ what: "connection", direction: "in", name: src, blocks: true } as const),
        conditions: { src: { not: false, values: [src] } },
      },
    ];
    const all = config("flow a deny\n  match src 10.0.0.0/8\n");
    const [one, other] = await Promise.all(
      ["10.0.0.1", "11.0.0.1"].map((src) =>
        asked.lockouts(all, guarded(src), { place: "draft", budget: MINUTES }),
      ),
    );
    expect(one).toMatchObject({ status: "complete", findings: { length: 1 } });
    expect(other).toEqual({ status: "complete", findings: [] });
  });

  test("nobody waits much longer than his budget for others who asked before", async () => {
    const hasty: Clock = { ...systemClock, after: (ms, call) => systemClock.after(ms / 20, call) };
    const asked = analyst(undefined, hasty);
    const gone = new AbortController();
    const before = asked.deadRules(endless, { signal: gone.signal, budget: MINUTES });
    expect(await asked.packetChanges(permits, denies)).toEqual({ status: "partial", changes: [], total: 0 });
    gone.abort();
    expect(await before).toMatchObject({ status: "partial" });
    // The thread is not replaced for that, and nobody keeps the partial answer.
    expect(await asked.packetChanges(permits, denies, { budget: MINUTES })).toMatchObject({
      status: "complete",
    });
    expect(logged).toEqual([]);
  });

  test("who would be cut off is answered before whether the compiler is right", async () => {
    const asked = analyst();
    const gone = new AbortController();
    const before = asked.deadRules(endless, { signal: gone.signal, budget: MINUTES });
    const answered: string[] = [];
    const waiting = [
      asked.proveProgram(permits, [], {}, { budget: MINUTES }).then(() => answered.push("program")),
      asked.lockouts(permits, [], { budget: MINUTES }).then(() => answered.push("lockouts")),
    ];
    gone.abort();
    await Promise.all([before, ...waiting]);
    expect(answered).toEqual(["lockouts", "program"]);
  });

  test("what nobody waits for yet comes last, and ends when somebody asks for anything else", async () => {
    const asked = analyst();
    const ahead = { ahead: true, budget: MINUTES };
    const endlessAhead = asked.deadRules(endless, ahead);
    expect(await asked.packetChanges(permits, denies, { budget: MINUTES })).toMatchObject({
      status: "complete",
    });
    expect(await endlessAhead).toMatchObject({ status: "partial" });
    const answered: string[] = [];
    const gone = new AbortController();
    const before = asked.deadRules(endless, { signal: gone.signal, budget: MINUTES });
    const waiting = [
      asked.lockouts(permits, [], ahead).then(() => answered.push("ahead")),
      asked.deadRules(permits, { budget: MINUTES }).then(() => answered.push("waited for")),
    ];
    gone.abort();
    await Promise.all([before, ...waiting]);
    expect(answered).toEqual(["waited for", "ahead"]);
    expect(logged).toEqual([]);
  });

  test("somebody who asks what was asked ahead waits for the same answer, and nobody ends it any more", async () => {
    const asked = analyst();
    const [first, gone] = [new AbortController(), new AbortController()];
    const ahead = asked.deadRules(endless, { ahead: true, signal: first.signal, budget: MINUTES });
    const same = asked.deadRules(endless, { signal: gone.signal, budget: MINUTES });
    first.abort();
    expect(await ahead).toMatchObject({ status: "partial" });
    let ended = false;
    void same.then(() => {
      ended = true;
    });
    const other = asked.packetChanges(permits, denies, { budget: MINUTES });
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    gone.abort();
    expect(await other).toMatchObject({ status: "complete" });
    expect(await same).toMatchObject({ status: "partial" });
    expect(logged).toEqual([]);
  });

  test("whoever goes takes his question with him, but not from others who asked the same", async () => {
    const asked = analyst();
    const [one, other] = [new AbortController(), new AbortController()];
    const first = asked.deadRules(endless, { signal: one.signal, budget: MINUTES });
    const same = asked.deadRules(endless, { signal: other.signal, budget: MINUTES });
    const shared = asked.packetChanges(permits, denies, { signal: one.signal, budget: MINUTES });
    const alike = asked.packetChanges(permits, denies, { budget: MINUTES });
    one.abort();
    expect(await first).toMatchObject({ status: "partial" });
    expect(await shared).toMatchObject({ status: "partial" });
    other.abort();
    expect(await same).toMatchObject({ status: "partial" });
    expect(await alike).toMatchObject({ status: "complete", changes: { length: 1 } });
    expect(logged).toEqual([]);
  });
});

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
