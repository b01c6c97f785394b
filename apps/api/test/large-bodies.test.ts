/** Who sends much at once keeps nobody else waiting, and is told when it is too much. */
import { Agent } from "node:http";
import { print } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Lab, startLab } from "./lab.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.remove());

const packet = { iface: "eth0", proto: "tcp", src: "192.0.2.1", dst: "10.0.0.1", srcport: 1024, dstport: 80 };
/** 200 kB of text. */
const BODY = { packet, text: print(manyFlows(2500)) };

const healthy = async () => (await fetch(`${lab.running.url}/healthz`)).status === 200;

it("between any two of them others are answered", async () => {
  const agent = new Agent({ keepAlive: true });
  const order: string[] = [];
  const large = Array.from({ length: 8 }, async () => {
    const answer = await lab.call("POST", "/trace", { body: BODY, agent });
    expect(answer.status, answer.text).toBe(200);
    order.push("large");
  });
  const all = Promise.all(large);
  while (order.filter((one) => one === "large").length < 8) {
    expect(await healthy()).toBe(true);
    order.push("small");
  }
  await all;
  agent.destroy();
  const row = order.join(" ");
  expect(row).not.toContain("large large large");
});

it("a caller has eight under way; who sends more is told to come again, and comes then", async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => lab.call("POST", "/trace", { body: BODY })),
  );
  const refused = answers.filter(({ status }) => status === 429);
  expect(answers.filter(({ status }) => status === 200).length + refused.length).toBe(20);
  expect(refused.length).toBeGreaterThan(0);
  for (const { headers, text } of refused) {
    expect(headers["retry-after"]).toBe("1");
    expect(text).toContain("too-many-large-bodies");
  }
  expect((await lab.call("POST", "/trace", { body: BODY })).status).toBe(200);
});

it("one that breaks off, and one that is wrong, end their turn", async () => {
  const gone = new AbortController();
  const headers = { authorization: `Bearer ${lab.token}`, "content-type": "application/json" };
  const body = JSON.stringify(BODY);
  const broken = Array.from({ length: 6 }, () =>
    fetch(`${lab.running.url}/api/v1/trace`, { method: "POST", headers, body, signal: gone.signal }),
  );
  const wrong = Array.from({ length: 2 }, () =>
    lab.call("POST", "/trace", { body: { ...BODY, packet: "none" } }),
  );
  setTimeout(() => gone.abort(), 30);
  await Promise.allSettled(broken);
  for (const { status } of await Promise.all(wrong)) expect([422, 429]).toContain(status);
  expect((await lab.call("POST", "/trace", { body: BODY })).status).toBe(200);
});
