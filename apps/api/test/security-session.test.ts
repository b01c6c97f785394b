/** Who gets in, for how long, from where, and how often. */

import { Agent } from "node:http";
import { draftSchema, statusSchema, writtenDraftSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTokens } from "../src/auth/tokens.ts";
import { testClock } from "./clock.ts";
import { type Answer, type CallOptions, call, type Lab, startLab } from "./lab.ts";

const HOUR = 3_600_000;
const clock = testClock();
let lab: Lab;
/** Behind a proxy at 127.0.0.5, under the name lb1.example. */
let proxied: Lab;

beforeAll(async () => {
  lab = await startLab({ clock });
  proxied = await startLab({ flags: ["--behind-proxy", "127.0.0.5", "--allow-host", "lb1.example"] });
});
afterAll(async () => {
  await lab.remove();
  await proxied.remove();
});

const url = () => lab.running.url;
const NO_TOKEN = { authorization: "" };
/** A call with these headers and no token. */
const bare = (method: string, path: string, { headers = {}, ...options }: CallOptions = {}) =>
  call(url(), "", method, path, { ...options, headers: { ...headers, ...withoutToken(headers) } });
const withoutToken = (headers: Record<string, string>) => ("cookie" in headers ? {} : NO_TOKEN);

/** As a browser, which sends no Authorization. */
async function browser(method: string, path: string, cookie: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${url()}/api/v1${path}`, { method, headers: { cookie, ...headers } });
  await answer.arrayBuffer();
  return answer.status;
}

const cookieOf = (answer: Answer) => String(answer.headers["set-cookie"]).split(";")[0] ?? "";
const signIn = async () => cookieOf(await bare("POST", "/session", { body: { token: lab.token } }));
const newCode = () => openTokens(lab.running.parts.db, clock).newCode("admin");

describe("a session", () => {
  it("is over when it is signed out, for streams and every copy of the cookie", async () => {
    const cookie = await signIn();
    expect(await browser("GET", "/draft", cookie)).toBe(200);
    expect(await browser("DELETE", "/session", cookie, { origin: url() })).toBe(204);
    expect(await browser("GET", "/draft", cookie)).toBe(401);
    expect(await browser("GET", "/events", cookie)).toBe(401);
  });

  it("is over after twelve idle hours, and after a week of work", async () => {
    const idle = await signIn();
    clock.pass(12 * HOUR);
    expect(await browser("GET", "/draft", idle)).toBe(401);
    const busy = await signIn();
    for (let hours = 11; hours < 7 * 24; hours += 11) {
      clock.pass(11 * HOUR);
      expect(await browser("GET", "/draft", busy)).toBe(200);
    }
    clock.pass(11 * HOUR);
    expect(await browser("GET", "/draft", busy)).toBe(401);
  });

  it("takes no secret that the client brought", async () => {
    const name = cookieOf(await bare("POST", "/session", { body: { token: lab.token } })).split("=")[0];
    const brought = `${name}=${"a".repeat(43)}`;
    const answer = await call(url(), lab.token, "POST", "/session", {
      body: { token: lab.token },
      headers: { cookie: brought },
    });
    expect(answer.status).toBe(201);
    expect(cookieOf(answer)).not.toBe(brought);
    expect(await browser("GET", "/draft", brought)).toBe(401);
  });

  it("is not told by its cookie's name on another port, nor by the token in the cookie", async () => {
    const [name, secret] = (await signIn()).split("=");
    expect(await browser("GET", "/draft", `flowmgr_1=${secret}`)).toBe(401);
    expect(await browser("GET", "/draft", `${name}=${lab.token}`)).toBe(401);
  });
});

describe("a call by cookie", () => {
  const port = () => Number(new URL(url()).port);
  it.each([
    ["no header that says from where", () => ({}), 403],
    ["Origin null", () => ({ origin: "null" }), 403],
    ["another port of this host", () => ({ origin: `http://127.0.0.1:${port() + 1}` }), 403],
    ["the same port by https", () => ({ origin: url().replace("http", "https") }), 403],
    ["a name that begins like ours", () => ({ origin: `${url()}.evil.example` }), 403],
    ["the same site", () => ({ "sec-fetch-site": "same-site" }), 403],
    ["another site", () => ({ "sec-fetch-site": "cross-site" }), 403],
    ["the address bar", () => ({ "sec-fetch-site": "none" }), 403],
    ["two sites at once", () => ({ "sec-fetch-site": "same-origin, cross-site" }), 403],
    ["our own page, says Origin", () => ({ origin: url() }), 200],
    ["our own page, says the browser", () => ({ "sec-fetch-site": "same-origin" }), 200],
  ])("writes from %s", async (_where, headers, status) => {
    const more = { "if-match": "*", ...headers() };
    expect(await browser("DELETE", "/draft", await signIn(), more)).toBe(status);
  });

  it.each([
    ["another port of this host", () => ({ origin: `http://127.0.0.1:${port() + 1}` }), 403],
    ["the same site, without Origin", () => ({ "sec-fetch-site": "same-site" }), 403],
    ["our own page", () => ({ "sec-fetch-site": "same-origin" }), 200],
    ["the address bar", () => ({ "sec-fetch-site": "none" }), 200],
    ["a script", () => ({}), 200],
  ])("reads from %s", async (_where, headers, status) => {
    expect(await browser("GET", "/draft", await signIn(), headers())).toBe(status);
  });

  it("nobody signs somebody else's browser in", async () => {
    for (const origin of ["null", "http://evil.example", `http://127.0.0.1:${port() + 1}`]) {
      const answer = await bare("POST", "/session", { body: { code: newCode() }, headers: { origin } });
      expect(answer.status).toBe(403);
      expect(answer.headers["set-cookie"]).toBeUndefined();
    }
  });
});

describe("guessing", () => {
  const attempt = (body: unknown) => bare("POST", "/session", { body });

  it("a code works once, however many try it at the same time", async () => {
    const code = newCode();
    const answers = await Promise.all(Array.from({ length: 8 }, () => attempt({ code })));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array.from({ length: 7 }, () => 401)]);
  });

  it("is answered 429 with Retry-After, and whoever knows the secret gets in all the same", async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) statuses.push((await attempt({ code: `wrong${i}` })).status);
    expect(statuses.at(-1)).toBe(429);
    const last = await attempt({ token: "wrong" });
    expect(last.json).toMatchObject({ status: 429, type: "urn:flowmgr:problem:too-many-requests" });
    expect(Number(last.headers["retry-after"])).toBeGreaterThan(0);
    expect((await call(url(), "wrong", "GET", "/draft")).status).toBe(429);
    expect((await attempt({ code: newCode() })).status).toBe(201);
    expect((await lab.call("GET", "/draft")).status).toBe(200);
  });

  it.each([
    [{}],
    [{ code: 1 }],
    [{ token: null }],
    [{ code: "a", token: "b" }],
    [{ token: { length: 1 } }],
    ["text"],
  ])("%j is no way in", async (body) => {
    expect((await attempt(body)).status).toBe(422);
  });

  it("a large sign-in is refused", async () => {
    expect((await attempt({ token: "x".repeat(5000) })).status).toBe(413);
  });

  it("a token may read a thousand times a second, however it writes the header", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    // The clock stands still, so that the speed of this machine decides nothing.
    clock.pass(1000);
    const read = async (scheme: string) => {
      const headers = { authorization: `${scheme} ${lab.token}` };
      const { status, headers: answered } = await call(url(), "", "GET", "/session", { agent, headers });
      return { status, retryAfter: answered["retry-after"] };
    };
    const many = (scheme: string) => Promise.all(Array.from({ length: 500 }, () => read(scheme)));
    const answers = [...(await many("Bearer")), ...(await many("bearer "))];
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
    expect(await read("BEARER")).toEqual({ status: 429, retryAfter: "1" });
    clock.pass(1000);
    expect((await read("Bearer")).status).toBe(404);
    agent.destroy();
  });
});

describe("one wins", () => {
  it("of two writes that were made for the same draft", async () => {
    const { etag } = (await lab.call("GET", "/draft")).as(draftSchema);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        lab.call("PUT", "/draft", {
          body: `flow f${index} permit\n  match\n`,
          headers: { "if-match": `"${etag}"` },
        }),
      ),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(7);
    expect((await lab.call("GET", "/draft")).as(draftSchema).etag).toBe(won[0]?.as(writtenDraftSchema).etag);
  });

  it("of two applies at once", async () => {
    const { etag } = (await lab.call("GET", "/draft")).as(draftSchema);
    const body = { etag, confirmWithin: 60 };
    const answers = await Promise.all(Array.from({ length: 4 }, () => lab.call("POST", "/apply", { body })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    const { unconfirmed } = (await lab.call("GET", "/status")).as(statusSchema);
    const revert = { revision: unconfirmed?.revision };
    expect((await lab.call("POST", "/apply/revert", { body: revert })).status).toBe(200);
  });
});

describe("forwarded headers", () => {
  const from = (localAddress: string, method: string, path: string, options: CallOptions) =>
    call(proxied.running.app.listeningOrigin, proxied.token, method, path, {
      ...options,
      agent: new Agent({ localAddress }),
      headers: { host: "lb1.example", ...options.headers },
    });
  const FORWARDED = { "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https" };
  const seen = async (address: string, headers: Record<string, string>) =>
    (await from(address, "GET", "/status", { headers })).as(statusSchema).you.address;

  it("count from the proxy and from nobody else", async () => {
    expect(await seen("127.0.0.5", FORWARDED)).toBe("203.0.113.9");
    expect(await seen("127.0.0.9", FORWARDED)).toBe("127.0.0.9");
    expect(await seen("127.0.0.5", { "x-forwarded-for": "127.0.0.1, 198.51.100.1" })).toBe("198.51.100.1");
  });

  it("make the cookie Secure only when the proxy says https", async () => {
    const cookie = async (address: string) => {
      const options = { body: { token: proxied.token }, headers: FORWARDED };
      return String((await from(address, "POST", "/session", options)).headers["set-cookie"]);
    };
    expect(await cookie("127.0.0.5")).toContain("Secure");
    expect(await cookie("127.0.0.9")).not.toContain("Secure");
  });

  it("may not bring in a foreign name", async () => {
    const evil = { "x-forwarded-host": "evil.example" };
    expect((await from("127.0.0.5", "GET", "/status", { headers: evil })).status).toBe(403);
    expect((await from("127.0.0.9", "GET", "/status", { headers: evil })).status).toBe(200);
    expect(
      (await from("127.0.0.9", "GET", "/status", { headers: { host: "evil.example", ...evil } })).status,
    ).toBe(403);
  });
});
