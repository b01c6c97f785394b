/** What a review will ask is asked behind an edit, once, while nobody else asks for anything. */
import { setImmediate as immediate } from "node:timers/promises";
import { EMPTY_CONFIG } from "@flowmgr/flow-model";
import { fastify } from "fastify";
import { expect, onTestFinished, test } from "vitest";
import type { Asked } from "../src/analysis/asking.ts";
import { planAhead } from "../src/apply/plan-ahead.ts";
import { createEvents } from "../src/events.ts";
import { countRequests } from "../src/under-way.ts";
import { testClock } from "./clock.ts";
import { config } from "./machine-as-data.ts";

const DENIES = "flow a deny\n  match dst 10.0.0.1\n";
const PERMITS = "flow a permit\n  match dst 10.0.0.1\n";

/** A draft that cannot be read, as from a disk that fails. */
const BROKEN = "flow broken permit\n";

/** A draft that is edited, and what is asked because of it, in order. */
async function open() {
  const clock = testClock();
  const events = createEvents();
  const app = fastify({ forceCloseConnections: true });
  const requests = countRequests(app);
  const asked: { what: "packets" | "program"; text: string; signal: AbortSignal | undefined }[] = [];
  const draft = { text: PERMITS, config: config(PERMITS), sound: true };
  const inForce = {
    ...{ revision: 1, config: config(PERMITS), text: PERMITS, author: "admin", message: "", at: "" },
    marks: { directors: {}, tables: {} },
  };
  /** What the analysis waits for before it answers. */
  let answer = Promise.resolve();
  const note = (what: "packets" | "program", { signal }: Asked = {}) => {
    asked.push({ what, text: draft.text, signal });
  };
  planAhead(app, requests, {
    ...{ clock, events },
    draft: {
      get: () => {
        if (draft.text === BROKEN) throw new Error("disk I/O error");
        const written = { changedAt: "", changedBy: "", authors: [] };
        return { ...draft, ...written, etag: draft.text, places: new Map() };
      },
      sound: () => draft.sound,
    },
    engine: {
      running: () => inForce,
      async prepare(_config, how) {
        note("program", how);
      },
    },
    analyst: {
      async packetChanges(before, _after, how) {
        expect(before).toBe(inForce.config);
        expect(how?.ahead).toBe(true);
        note("packets", how);
        await answer;
        return { status: "complete", changes: [], total: 0 };
      },
    },
  });
  let release = () => {};
  const slow: { arrived?: () => void } = {};
  app.get("/slow", async () => {
    slow.arrived?.();
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return {};
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  return {
    ...{ clock, asked, app },
    edit(text: string, sound = true) {
      Object.assign(draft, { text, sound, config: sound ? config(text) : EMPTY_CONFIG });
      events.emit("draft", { etag: text, changedBy: "admin", changedAt: "", changes: 1 });
    },
    /** The analysis answers when the function is called that it gives. */
    hold() {
      let go = () => {};
      answer = new Promise((resolve) => {
        go = resolve;
      });
      return () => go();
    },
    /** A request that is under way until the function is called that it gives. */
    async ask() {
      const arrived = new Promise<void>((resolve) => {
        slow.arrived = resolve;
      });
      const response = fetch(`${url}/slow`);
      await arrived;
      return async () => {
        const closed = new Promise<void>((resolve) => requests.ended(resolve));
        release();
        await (await response).text();
        await closed;
      };
    },
    what: () => asked.map(({ what }) => what),
  };
}

test("behind the last of several edits, and once", async () => {
  const { clock, edit, asked, what } = await open();
  edit(DENIES);
  clock.pass(399);
  edit(`${DENIES}${PERMITS.replace(" a ", " b ")}`);
  clock.pass(399);
  await immediate();
  expect(what()).toEqual([]);
  clock.pass(1);
  await immediate();
  expect(what()).toEqual(["packets", "program"]);
  expect(asked[0]?.text).toContain("flow b permit");
  clock.pass(60_000);
  await immediate();
  expect(what()).toEqual(["packets", "program"]);
});

test("the next edit ends it, and so does the end of the server", async () => {
  const { clock, edit, hold, asked, what, app } = await open();
  const answer = hold();
  edit(DENIES);
  clock.pass(400);
  await immediate();
  expect(asked[0]?.signal?.aborted).toBe(false);
  edit(`${DENIES}${PERMITS.replace(" a ", " b ")}`);
  expect(asked[0]?.signal?.aborted).toBe(true);
  answer();
  await immediate();
  expect(what()).toEqual(["packets"]);
  clock.pass(400);
  await immediate();
  expect(what()).toEqual(["packets", "packets", "program"]);
  await app.close();
  expect(asked[2]?.signal?.aborted).toBe(true);
});

test("not while somebody waits for an answer", async () => {
  const { clock, edit, hold, ask, what } = await open();
  const answered = await ask();
  edit(DENIES);
  clock.pass(4000);
  await immediate();
  expect(what()).toEqual([]);
  await answered();
  const answer = hold();
  clock.pass(400);
  await immediate();
  expect(what()).toEqual(["packets"]);
  // To compile would keep who came meanwhile waiting.
  const other = await ask();
  answer();
  await immediate();
  expect(what()).toEqual(["packets"]);
  await other();
});

test("not of a draft with errors, nor of one that is in force", async () => {
  const { clock, edit, what } = await open();
  edit("flow", false);
  clock.pass(4000);
  edit(PERMITS);
  clock.pass(4000);
  await immediate();
  expect(what()).toEqual([]);
});

test("what goes wrong then ends nothing, and the next edit is prepared", async () => {
  const { clock, edit, what, asked } = await open();
  edit(BROKEN);
  clock.pass(400);
  await immediate();
  edit(DENIES);
  clock.pass(400);
  await immediate();
  expect(what()).toEqual(["packets", "program"]);
  expect(asked[0]?.text).toBe(DENIES);
});
