/** What a request took goes back to the machine when nobody asks for anything, and not before; what a task gave is nobody's. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { manyFlows } from "@flowmgr/flow-model/testing";
import { fastify } from "fastify";
import { expect, it } from "vitest";
import { Shelf } from "../src/analysis/shelf.ts";
import { sameRules } from "../src/apply/same-rules.ts";
import { serial } from "../src/apply/serial.ts";
import { collectAll, giveBackMemory } from "../src/memory.ts";
import { countRequests } from "../src/under-way.ts";
import { testClock } from "./clock.ts";

const MB = 1024 * 1024;
const rss = () => process.memoryUsage.rss();

it("three seconds after the last answer, while a page listens to events", async () => {
  const clock = testClock();
  // As the server: a fetch whose signal was collected with the rest is not aborted, and its stream has no end.
  const app = fastify({ forceCloseConnections: true });
  giveBackMemory(app, countRequests(app), clock, () => {});
  let closed: Promise<unknown> = Promise.resolve();
  let made: { number: number }[] = [];
  app.get("/", async (_request, reply) => {
    closed = once(reply.raw, "close");
    return { made: made.length };
  });
  app.get("/events", (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200).write("event");
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const page = new AbortController();
  expect((await fetch(`${url}/events`, { signal: page.signal })).status).toBe(200);
  made = Array.from({ length: 4_000_000 }, (_, number) => ({ number }));
  expect(await (await fetch(url)).json()).toEqual({ made: 4_000_000 });
  await closed;
  made = [];
  const taken = rss();
  clock.pass(2000);
  await (await fetch(url)).text();
  await closed;
  clock.pass(2999);
  expect(rss()).toBeGreaterThan(taken - 32 * MB);
  clock.pass(1);
  expect(rss()).toBeLessThan(taken - 64 * MB);
  page.abort();
  await app.close();
});

it("no file can be opened: nothing is given back, and nothing ends", async () => {
  const clock = testClock();
  const app = fastify({ forceCloseConnections: true });
  giveBackMemory(app, countRequests(app), clock, () => {});
  let closed: Promise<unknown> = Promise.resolve();
  app.get("/", async (_request, reply) => {
    closed = once(reply.raw, "close");
    return {};
  });
  await (await fetch(await app.listen({ port: 0, host: "127.0.0.1" }))).text();
  await closed;
  // Begun before, since it takes files to begin it.
  const limit = "prlimit --pid $PPID --nofile";
  const shell = spawn("sh", ["-c", `${limit}=0: && echo none && read -r _; ${limit}=$0:`, openFiles()]);
  await once(shell.stdout, "data");
  try {
    expect(rss).toThrow("EMFILE");
    clock.pass(3000);
  } finally {
    shell.stdin.end();
    await once(shell, "exit");
  }
  await app.close();
});

/** How many files this process may open. */
function openFiles(): string {
  return /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? "1024";
}

it("what a task gave is not kept by those behind it", async () => {
  const queue = serial();
  const held = new WeakRef(await queue(async () => ({ restore: "" })));
  // Until then it is held by the turn in which it was made.
  await new Promise((done) => setTimeout(done, 0));
  collectAll()();
  expect(held.deref()).toBeUndefined();
  expect(await queue(async () => 1)).toBe(1);
});

it("a config that nobody else has goes, and by it what was worked out of it", async () => {
  const { items } = manyFlows(50);
  const shelf = new Shelf();
  const use = () => {
    const configs = Array.from({ length: 3 }, () => ({ items, comment: [] }));
    for (const config of configs) {
      shelf.lessons([config]);
      expect(sameRules(config, { items, comment: [] }).from("service-0/1")).toBe("service-0/1");
    }
    return configs.map((config) => new WeakRef(config));
  };
  const used = use();
  await new Promise((done) => setTimeout(done, 0));
  collectAll()();
  expect(used.map((one) => one.deref())).toEqual([undefined, undefined, undefined]);
  // The worker is taught no item a second time all the same.
  expect(shelf.lessons([{ items, comment: [] }])).toMatchObject([{ do: "learn", fresh: [] }]);
});
