/** Applying over real HTTP, read back from the real kernel. */

import { connect } from "node:net";
import {
  appliedSchema,
  draftSchema,
  problemSchema,
  revisionListSchema,
  statusSchema,
  writtenDraftSchema,
} from "@flowmgr/flow-api";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testClock } from "./clock.ts";
import { type Answer, type Lab, startLab } from "./lab.ts";

const SSH = "flow ssh permit\n  match proto tcp dst 192.168.0.1 dstport 22\n";
const DNS = "flow dns permit\n  match proto udp dst 192.168.0.1 dstport 53\n";

const SSH_RULE = "-A @ssh -d 192.168.0.1/32 -p tcp -m tcp --dport 22 -j ACCEPT";

let lab: Lab;
const clock = testClock();

/** Puts a text into the draft; gives its ETag. */
async function draft(text: string): Promise<string> {
  const written = await lab.call("PUT", "/draft", { headers: { "if-match": "*" }, body: text });
  expect(written.status, written.text).toBe(200);
  return written.as(writtenDraftSchema).etag;
}

async function apply(text: string, confirmWithin: number): Promise<Answer> {
  const etag = await draft(text);
  return lab.call("POST", "/apply", { body: { etag, confirmWithin, message: "a test" } });
}

/** A bare TCP connection; `closed` gives all that came when the server has closed it. */
type Connection = { write(text: string): void; answered: Promise<void>; closed: Promise<string> };
function openConnection(): Promise<Connection> {
  const { hostname, port } = new URL(lab.running.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => {
      resolve({ write: (text) => socket.write(text), answered, closed });
    });
    let came = "";
    socket.on("data", (chunk: Buffer) => {
      came += chunk.toString("utf8");
    });
    socket.on("error", reject);
    const answered = new Promise<void>((done) => socket.once("data", () => done()));
    const closed = new Promise<string>((done) => socket.once("close", () => done(came)));
  });
}

const status = async () => (await lab.call("GET", "/status")).as(statusSchema);

beforeAll(async () => {
  lab = await startLab({ clock });
});
afterAll(() => lab.remove());

/** Each test begins with ssh in force, confirmed. */
beforeEach(async () => {
  const put = await lab.call("PUT", "/config", { body: SSH });
  expect(put.status, put.text).toBe(200);
  expect(lab.rules()).toEqual([SSH_RULE]);
});
afterEach(async () => {
  const { unconfirmed } = await status();
  if (unconfirmed) await lab.call("POST", "/apply/revert", { body: { revision: unconfirmed.revision } });
});

describe("confirm or back", () => {
  test("apply, then confirm over a new connection: the rules stay", async () => {
    const applied = await apply(SSH + DNS, 60);
    expect(applied.json).toMatchObject({ state: "unconfirmed" });
    expect(Date.parse(applied.as(appliedSchema).deadline ?? "") - clock.now()).toBe(60_000);
    expect(applied.headers.connection).toBe("close");
    expect(lab.rules()).toHaveLength(2);
    const { revision } = applied.as(appliedSchema);
    expect(await status()).toMatchObject({ state: "unconfirmed", unconfirmed: { revision } });

    clock.pass(1);
    const confirmed = await lab.call("POST", "/apply/confirm", { body: { revision } });
    expect(confirmed.json).toEqual({ revision, state: "confirmed" });
    clock.pass(120_000);
    expect(await status()).toMatchObject({ state: "in-sync", unconfirmed: null, running: { revision } });
    expect(lab.rules()).toHaveLength(2);
  });

  test("nobody confirms: the old rules are back, the draft keeps what was tried, the status says so", async () => {
    const applied = await apply(DNS, 30);
    expect(lab.rules()[0]).toMatch(/^-A @dns /);
    const back = lab.event("apply", ({ state }) => state === "in-sync");
    clock.pass(30_000);
    await back;
    expect(lab.rules()).toEqual([SSH_RULE]);
    expect(await status()).toMatchObject({
      state: "in-sync",
      expired: { revision: applied.as(appliedSchema).revision },
    });
    expect((await lab.call("GET", "/draft", { headers: { accept: "text/plain" } })).text).toBe(DNS);
    const { revisions } = (await lab.call("GET", "/revisions?limit=1")).as(revisionListSchema);
    expect(revisions).toMatchObject([
      { id: applied.as(appliedSchema).revision, outcome: "expired", running: false },
    ]);
  });

  test("a moment before the deadline nothing has happened yet", async () => {
    await apply(DNS, 30);
    clock.pass(29_999);
    expect((await status()).state).toBe("unconfirmed");
    expect(lab.rules()[0]).toMatch(/^-A @dns /);
  });

  test("revert puts the old rules back at once", async () => {
    const { revision } = (await apply(DNS, 30)).as(appliedSchema);
    const reverted = await lab.call("POST", "/apply/revert", { body: { revision } });
    expect(reverted.json).toEqual({ revision, state: "reverted" });
    expect(lab.rules()).toEqual([SSH_RULE]);
    clock.pass(60_000);
    expect(await status()).toMatchObject({ state: "in-sync", expired: null });
  });

  test("a connection from before the switch proves nothing, and is closed with that answer", async () => {
    const old = await openConnection();
    const idle = await openConnection();
    idle.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await idle.answered;
    // Half a request: the server cannot take this connection for idle and close it at the switch.
    old.write("POST /api/v1/apply/confirm HTTP/1.1\r\nHost: localhost\r\n");
    clock.pass(1);
    const { revision } = (await apply(DNS, 30)).as(appliedSchema);
    await idle.closed;

    clock.pass(1);
    const body = JSON.stringify({ revision });
    old.write(`Authorization: Bearer ${lab.token}\r\nContent-Type: application/json\r\n`);
    old.write(`Content-Length: ${body.length}\r\n\r\n${body}`);
    const answer = await old.closed;
    expect(answer).toMatch(/^HTTP\/1.1 409 /);
    expect(answer.toLowerCase()).toContain("\r\nconnection: close\r\n");
    expect(answer).toContain("urn:flowmgr:problem:stale-connection");
    expect((await status()).state).toBe("unconfirmed");
    expect((await lab.call("POST", "/apply/confirm", { body: { revision } })).status).toBe(200);
  });

  test("the same apply for good needs no confirm and arms nothing", async () => {
    const applied = await apply(DNS, 0);
    expect(applied.json).toEqual({ revision: applied.as(appliedSchema).revision, state: "confirmed" });
    clock.pass(86_400_000);
    expect(lab.rules()[0]).toMatch(/^-A @dns /);
  });
});

describe("one at a time", () => {
  test("of two at once one is taken and the other told to wait; nothing of its draft is lost", async () => {
    const etag = await draft(SSH + DNS);
    const body = { etag, confirmWithin: 30 };
    const answers = await Promise.all([
      lab.call("POST", "/apply", { body }),
      lab.call("POST", "/apply", { body }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const refused = answers.find(({ status }) => status === 409);
    expect(refused?.as(problemSchema).detail).toMatch(
      /^Revision \d+ (is being applied|waits to be confirmed)/,
    );
    expect((await lab.call("GET", "/draft")).as(draftSchema).etag).toBe(etag);
    expect(lab.rules()).toHaveLength(2);
  });

  test("while one waits, automation is told so as well", async () => {
    await apply(DNS, 30);
    expect((await lab.call("PUT", "/config", { body: SSH })).status).toBe(409);
    expect((await lab.call("PUT", "/config", { body: DNS })).status).toBe(409);
  });

  test("a draft that changed after it was reviewed is not applied", async () => {
    const reviewed = await draft(DNS);
    await draft(SSH + DNS);
    const answer = await lab.call("POST", "/apply", { body: { etag: reviewed } });
    expect(answer.status).toBe(412);
    expect(answer.json).toMatchObject({ type: "urn:flowmgr:problem:draft-changed", changedBy: "admin" });
    expect(lab.rules()).toEqual([SSH_RULE]);
  });

  test("confirming something else is refused", async () => {
    const { revision } = (await apply(DNS, 30)).as(appliedSchema);
    expect((await lab.call("POST", "/apply/confirm", { body: { revision: revision + 7 } })).status).toBe(409);
    const again = await lab.call("POST", "/apply/revert", { body: { revision } });
    expect(again.status).toBe(200);
    expect((await lab.call("POST", "/apply/confirm", { body: { revision } })).as(problemSchema).type).toBe(
      "urn:flowmgr:problem:nothing-unconfirmed",
    );
  });
});
