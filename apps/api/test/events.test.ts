/** Server-sent events over real HTTP. */
import { get, type IncomingMessage } from "node:http";
import { createGunzip } from "node:zlib";
import { appliedSchema, draftHeadSchema, eventSchemas } from "@flowmgr/flow-api";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { testClock } from "./clock.ts";
import { type Lab, sendUdp, startLab } from "./lab.ts";

const DNS = "flow dns permit\n  match proto udp dst 192.168.0.1 dstport 53\n";

const clock = testClock();
let lab: Lab;
const streams: Stream[] = [];

beforeAll(async () => {
  lab = await startLab({ clock });
});
afterAll(() => lab.remove());
afterEach(() => {
  for (const stream of streams.splice(0)) stream.answer.destroy();
});

test("an event of edits tells them, and which draft they were made of; a new text tells its ETag", async () => {
  const headers = { "if-match": "*" };
  const written = await lab.call("PUT", "/draft", { headers, body: DNS });
  const from: string = written.as(draftHeadSchema).etag;
  const stream = await open("/events");
  await stream.wait("draft");
  const edits = [{ do: "switch", name: "dns", on: false }];
  const edited = await lab.call("POST", "/draft/edits", { headers, body: { edits } });
  const event = await stream.wait("draft", ({ etag }) => etag === edited.as(draftHeadSchema).etag);
  expect(eventSchemas.draft.parse(event)).toMatchObject({ from, edits });
  const many = Array.from({ length: 3000 }, (_, at) => ({ do: "switch", name: "dns", on: at % 2 === 0 }));
  const long = await lab.call("POST", "/draft/edits", { headers, body: { edits: [...many, many[0]] } });
  expect(await stream.wait("draft", ({ etag }) => etag === long.as(draftHeadSchema).etag)).not.toHaveProperty(
    "edits",
  );
  const other = await lab.call("PUT", "/draft", { headers, body: `${DNS}flow b deny\n` });
  expect(
    await stream.wait("draft", ({ etag }) => etag === other.as(draftHeadSchema).etag),
  ).not.toHaveProperty("edits");
});

type Received = { name: string; payload: Record<string, unknown> };
type Stream = {
  answer: IncomingMessage;
  received: Received[];
  /** The first event that fits, come or still to come. */
  wait(name: string, fits?: (payload: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
};

function open(
  path: string,
  headers: Record<string, string> = { authorization: `Bearer ${lab.token}` },
): Promise<Stream> {
  return new Promise((resolve, reject) => {
    get(new URL(`/api/v1${path}`, lab.running.url), { agent: false, headers }, (answer) => {
      const received: Received[] = [];
      let look = () => {};
      let rest = "";
      answer.on("error", () => undefined);
      const isPacked = answer.headers["content-encoding"] === "gzip";
      const unpacked = isPacked ? answer.pipe(createGunzip()).on("error", () => undefined) : answer;
      unpacked.on("data", (chunk: Buffer) => {
        const blocks = `${rest}${chunk.toString("utf8")}`.split("\n\n");
        rest = blocks.pop() ?? "";
        for (const block of blocks) {
          const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
          if (name && data) received.push({ name, payload: JSON.parse(data) });
        }
        look();
      });
      const stream: Stream = {
        answer,
        received,
        wait: (name, fits = () => true) =>
          new Promise((found) => {
            look = () => {
              const event = received.find((one) => one.name === name && fits(one.payload));
              if (event) found(event.payload);
            };
            look();
          }),
      };
      streams.push(stream);
      resolve(stream);
    }).on("error", reject);
  });
}

test("who begins to listen hears first how things stand", async () => {
  const stream = await open("/events");
  expect(stream.answer.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
  await stream.wait("drift");
  expect(stream.received.map(({ name }) => name)).toEqual(["draft", "apply", "drift"]);
  for (const { name, payload } of stream.received) {
    const schema = name === "draft" || name === "apply" ? eventSchemas[name] : eventSchemas.drift;
    expect(schema.strict().safeParse(payload).success, name).toBe(true);
  }
});

test("a change of the draft, an apply and drift are told", async () => {
  const stream = await open("/events");
  await lab.call("PUT", "/draft", { headers: { "if-match": "*" }, body: DNS });
  await stream.wait("draft", ({ changes }) => changes === 1);
  const applied = await lab.call("PUT", "/config?confirmWithin=60", { body: DNS });
  const { revision, deadline } = applied.as(appliedSchema);
  const told = await stream.wait("apply", ({ state }) => state === "unconfirmed");
  expect(told).toEqual({ state: "unconfirmed", revision, deadline });
  await lab.call("POST", "/apply/revert", { body: { revision } });
  lab.inside("iptables", "-t", "mangle", "-A", "FLOWS", "-j", "ACCEPT");
  await lab.call("GET", "/status?verify=true");
  expect(await stream.wait("drift", ({ drift }) => drift === true)).toMatchObject({
    detail: expect.stringContaining("FLOWS"),
  });
});

test("who takes gzip has them packed, each one as soon as it is there", async () => {
  const names = Array.from(
    { length: 300 },
    (_, at) => `flow many-${at} permit\n  match proto tcp dst 10.0.0.${at % 250}\n`,
  );
  await lab.call("PUT", "/config", { body: names.join("") });
  const headers = { authorization: `Bearer ${lab.token}`, "accept-encoding": "gzip, br" };
  const [packed, plain] = [
    await open("/events?counters=changes", headers),
    await open("/events?counters=true"),
  ];
  expect(packed.answer.headers).toMatchObject({
    "content-encoding": "gzip",
    vary: expect.stringContaining("Accept-Encoding"),
  });
  expect(plain.answer.headers).not.toHaveProperty("content-encoding");
  const [told, whole] = [await packed.wait("counters"), await plain.wait("counters")];
  expect(eventSchemas.counters.parse(told).flows).toEqual(eventSchemas.counters.parse(whole).flows);
  expect(packed.answer.socket.bytesRead).toBeLessThan(plain.answer.socket.bytesRead / 5);
  const refusing = { ...headers, "accept-encoding": "gzip;q=0" };
  expect((await open("/events", refusing)).answer.headers).not.toHaveProperty("content-encoding");
  await lab.call("PUT", "/draft", { headers: { "if-match": "*" }, body: DNS });
  await packed.wait("draft", ({ changes }) => changes === 301);
});

test("counters that are asked for by their changes come whole once, then those that changed", async () => {
  const probe = "flow probe deny\n  match proto udp dst 192.168.0.1 dstport 5300\n";
  await lab.call("PUT", "/config", { body: `${DNS}${probe}` });
  const stream = await open("/events?counters=changes");
  const first = eventSchemas.counters.parse(await stream.wait("counters"));
  expect(first.flows.map(({ name }) => name)).toEqual(["dns", "probe"]);
  expect(first).not.toHaveProperty("changes");
  sendUdp(lab.place, "192.168.0.1", 5300, 1);
  const tick = setInterval(() => clock.pass(2_000), 20);
  const grown = await stream.wait("counters", ({ flows }) => JSON.stringify(flows).includes('"packets":1'));
  clearInterval(tick);
  const { changes, flows } = eventSchemas.counters.parse(grown);
  expect(changes).toBe(true);
  expect(flows.map(({ name }) => name)).toEqual(["probe"]);
});

test("counters come only to those who ask, and only while somebody watches", async () => {
  await lab.call("PUT", "/config", { body: DNS });
  const quiet = await open("/events");
  const watching = await open("/events?counters=true");
  await watching.wait("counters");
  sendUdp(lab.place, "192.168.0.1", 53, 2);
  const grown = watching.wait("counters", ({ flows }) => JSON.stringify(flows).includes('"packets":2'));
  // The reading before may still be under way; its pause begins when it ends.
  const tick = setInterval(() => clock.pass(2_000), 20);
  await grown;
  clearInterval(tick);
  expect(quiet.received.some(({ name }) => name === "counters")).toBe(false);
});

test("a stream ends with the session that opened it", async () => {
  const signIn = await lab.call("POST", "/session", { body: { token: lab.token } });
  expect(signIn.status, signIn.text).toBe(201);
  const cookie = String(signIn.headers["set-cookie"]).split(";")[0] ?? "";
  const stream = await open("/events", { cookie });
  await stream.wait("drift");
  const ended = new Promise((resolve) => stream.answer.once("close", resolve));
  const { db } = lab.running.parts;
  db.exec("DELETE FROM session");
  clock.pass(15_000);
  await ended;
});

test("one caller has 20 streams at most, and a closed one makes room", async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => open("/events")));
  const refused = await lab.call("GET", "/events");
  expect(refused).toMatchObject({
    status: 429,
    headers: { "content-type": "application/problem+json; charset=utf-8" },
    json: { type: "urn:flowmgr:problem:too-many-streams", detail: expect.stringContaining("20 streams") },
  });
  // Another caller, as whom a page is signed in, has its own.
  const signIn = await lab.call("POST", "/session", { body: { token: lab.token } });
  const cookie = String(signIn.headers["set-cookie"]).split(";")[0] ?? "";
  const [mine] = all;
  expect((await open("/events", { cookie })).answer.statusCode).toBe(200);
  mine?.answer.destroy();
  // Its end is known to the server a moment later.
  for (;;) {
    const again = await open("/events");
    if (again.answer.statusCode === 200) break;
  }
});

test("nobody listens without signing in", async () => {
  const { answer } = await open("/events", {});
  expect(answer.statusCode).toBe(401);
});

test.each(["identity", "gzip"])(
  "a reader that takes nothing is dropped, not remembered: %s",
  async (encoding) => {
    const stream = await open("/events", {
      authorization: `Bearer ${lab.token}`,
      "accept-encoding": encoding,
    });
    await stream.wait("drift");
    stream.answer.pause();
    const dropped = new Promise<void>((resolve) => stream.answer.once("close", () => resolve()));
    const { events } = lab.running.parts;
    const big = { drift: true, detail: "x".repeat(1024 * 1024) };
    for (let sent = 0; sent < 40; sent++) events.emit("drift", big);
    stream.answer.resume();
    await dropped;
    const whole = stream.received.filter(({ payload }) => payload.detail === big.detail).length;
    expect(whole).toBeLessThan(40);
  },
);
