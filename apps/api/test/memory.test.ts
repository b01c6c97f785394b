/** What a request took goes back to the machine when nobody asks for anything, and not before. */
import { once } from "node:events";
import { fastify } from "fastify";
import { expect, it } from "vitest";
import { giveBackMemory } from "../src/memory.ts";
import { countRequests } from "../src/under-way.ts";
import { testClock } from "./clock.ts";

const MB = 1024 * 1024;
const rss = () => process.memoryUsage.rss();

it("three seconds after the last answer, while a page listens to events", async () => {
  const clock = testClock();
  const app = fastify();
  giveBackMemory(app, countRequests(app), clock);
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
