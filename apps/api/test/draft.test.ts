/** The draft, its checks and who may touch it, over real HTTP. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { checkSchema, draftSchema, formatSchema, problemSchema, writtenDraftSchema } from "@flowmgr/flow-api";
import { flowsOf } from "@flowmgr/flow-model";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CallOptions, call, type Lab, labSettings, makePlace, startLab, tokenOf } from "./lab.ts";

const MAIL = "flow mail director maildirect\n  match proto tcp dst 192.168.0.2 dstport 25\n";
const ANY = { "if-match": "*" };
let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
});
afterAll(async () => {
  await lab.remove();
});

const put = (body: unknown, headers: Record<string, string> = ANY) =>
  lab.call("PUT", "/draft", { body, headers });
const text = async () => (await lab.call("GET", "/draft", { headers: { accept: "text/plain" } })).text;
/** A call with no token unless the headers carry one. */
const bare = (method: string, path: string, options: CallOptions = {}) =>
  call(lab.running.url, "wrong", method, path, options);

describe("the draft", () => {
  it("is the same as text and as JSON, under one ETag", async () => {
    const written = await put(MAIL);
    expect(written.status).toBe(200);
    expect(written.as(writtenDraftSchema).counts).toMatchObject({ flows: 1, rules: 1, errors: 0 });
    const json = await lab.call("GET", "/draft");
    expect(json.headers.etag).toBe(`"${json.as(draftSchema).etag}"`);
    const [mail] = flowsOf(json.as(draftSchema).config);
    expect(mail?.rules[0]?.conditions.dstport).toEqual({ not: false, values: ["25"] });
    const before = await text();
    const back = await put(json.as(draftSchema).config);
    expect(back.as(writtenDraftSchema).etag).toBe(json.as(draftSchema).etag);
    expect(await text()).toBe(before);
  });

  it("wants If-Match: 428 without, 412 with the newer ETag when stale", async () => {
    const first = (await put(MAIL)).as(writtenDraftSchema).etag;
    const second = (await put(`${MAIL}flow rest deny\n  match\n`, { "if-match": `"${first}"` })).as(
      writtenDraftSchema,
    ).etag;
    expect(second).not.toBe(first);
    const before = await text();
    expect(await put("", {})).toMatchObject({
      status: 428,
      json: { type: "urn:flowmgr:problem:if-match-missing" },
    });
    const stale = await put("", { "if-match": `"${first}"` });
    expect(stale).toMatchObject({ status: 412, json: { etag: second, changedBy: "admin" } });
    expect(stale.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect((await lab.call("DELETE", "/draft")).status).toBe(428);
    expect(await text()).toBe(before);
  });

  it("refuses errors with all of them and their places, and stays as it was", async () => {
    await put(MAIL);
    const before = await text();
    const refused = await put("flow a permit\n  match dst 10.0.0.300\n  match dstport 99999\n");
    expect(refused.status).toBe(422);
    const errors = refused.as(problemSchema).diagnostics;
    expect(errors.map(({ line, column }) => [line, column])).toEqual([
      [2, 13],
      [3, 17],
    ]);
    const config = {
      items: [
        {
          kind: "flow",
          name: "a",
          policy: { action: "permit" },
          polcy: 1,
          rules: [{ verb: "match", conditions: { dst: 5 } }],
        },
      ],
    };
    const shape = await put(config);
    expect(shape.status).toBe(422);
    const paths = shape.as(problemSchema).diagnostics.map(({ path }) => path);
    expect(paths).toContain("/items/0/polcy");
    expect(paths).toContain("/items/0/rules/0/conditions/dst");
    expect(await text()).toBe(before);
  });

  it("stores what only the machine can say, with diagnostics", async () => {
    const written = await put("flow a table nowhere\n  match iface eth7\n");
    expect(written.status).toBe(200);
    const found = written.as(writtenDraftSchema).diagnostics.map((one) => [one.code, one.severity]);
    expect(found).toContainEqual(["unknown-table", "error"]);
    expect(found).toContainEqual(["unknown-interface", "warning"]);
    const check = await lab.call("GET", "/draft/check");
    expect(check.as(checkSchema).counts).toMatchObject({ errors: 1, warnings: 1 });
    expect(check.as(checkSchema).diagnostics.every((one: { line?: number }) => one.line)).toBe(true);
  });

  it("goes back to the running config", async () => {
    await put(MAIL);
    expect((await lab.call("DELETE", "/draft", { headers: ANY })).as(draftSchema).config.items).toEqual([]);
  });
});

describe("flows and edits", () => {
  const flow = (name: string) => ({
    kind: "flow",
    name,
    policy: { action: "permit" },
    rules: [{ verb: "match", conditions: { proto: "tcp" } }],
  });

  it("add, read, rename, move, remove", async () => {
    await put("");
    const added = await lab.call("POST", "/draft/flows", { headers: ANY, body: { flow: flow("b") } });
    expect(added).toMatchObject({
      status: 201,
      headers: { location: "/api/v1/draft/flows/b" },
      json: { skipped: false },
    });
    await lab.call("POST", "/draft/flows", { headers: ANY, body: { flow: flow("a"), before: "b" } });
    await lab.call("PUT", "/draft/flows/a", { headers: ANY, body: flow("c") });
    await lab.call("POST", "/draft/flows/c/move", { headers: ANY, body: { after: "b" } });
    const page = await lab.call("GET", "/draft/flows?limit=1");
    expect(page.json).toMatchObject({ flows: [{ name: "b" }], next: "b" });
    expect((await lab.call("GET", "/draft/flows?after=b")).json).toMatchObject({
      flows: [{ name: "c" }],
      next: null,
    });
    expect((await lab.call("DELETE", "/draft/flows/b", { headers: ANY })).status).toBe(204);
    expect((await lab.call("GET", "/draft/flows/b")).status).toBe(404);
    expect((await lab.call("GET", "/draft/flows/c")).json).toMatchObject({ name: "c" });
  });

  it("edits are made all or none", async () => {
    await put(MAIL);
    const before = await text();
    const edits = [
      { do: "switch", name: "mail", on: false },
      { do: "remove", name: "nobody" },
    ];
    const refused = await lab.call("POST", "/draft/edits", { headers: ANY, body: { edits } });
    expect(refused).toMatchObject({
      status: 422,
      json: { diagnostics: [{ code: "unknown-flow", path: "/edits/1" }] },
    });
    expect(await text()).toBe(before);
    const made = await lab.call("POST", "/draft/edits", { headers: ANY, body: { edits: edits.slice(0, 1) } });
    expect(made.as(writtenDraftSchema).config.items[0]).toMatchObject({ skipped: true });
  });
});

describe("bodies", () => {
  const raw = (path: string, body: string | Uint8Array, type: string) =>
    fetch(`${lab.running.url}/api/v1${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${lab.token}`, "content-type": type },
      body,
    });

  it("malformed JSON is named with line and column", async () => {
    const answer = await raw("/check", '{\n  "items": [,]\n}', "application/json");
    expect(answer.status).toBe(400);
    expect(Object(await answer.json()).diagnostics).toMatchObject([{ line: 2, column: 13 }]);
  });

  it("text that is no UTF-8, and media types that nobody knows, are refused", async () => {
    expect((await raw("/check", new Uint8Array([0xff, 0xfe]), "text/plain")).status).toBe(400);
    expect((await raw("/check", "flow", "text/plain; charset=utf-16")).status).toBe(415);
    expect((await raw("/check", "<a/>", "application/xml")).status).toBe(415);
  });

  it("too large is 413", async () => {
    const answer = await raw("/check", "#".repeat(16 * 1024 * 1024 + 1), "text/plain");
    expect(answer.status).toBe(413);
    expect(Object(await answer.json()).type).toBe("urn:flowmgr:problem:body-too-large");
  });

  it("check is always 200, format is 422 with errors", async () => {
    const wrong = "flow a permt";
    expect((await lab.call("POST", "/check", { body: wrong })).as(checkSchema).counts.errors).toBeGreaterThan(
      0,
    );
    expect((await lab.call("POST", "/format", { body: wrong })).status).toBe(422);
    const one = await lab.call("POST", "/format", {
      body: "flow   a  permit match",
      headers: { accept: "text/plain" },
    });
    expect(one.headers["content-type"]).toMatch(/^text\/plain/);
    expect((await lab.call("POST", "/format", { body: one.text })).as(formatSchema).text).toBe(one.text);
  });

  it("a trace says which rule, by which mark", async () => {
    const packet = { iface: "eth0", proto: "tcp", src: "10.0.0.1", dst: "192.168.0.2", dstport: 25 };
    const traced = await lab.call("POST", "/trace", { body: { packet, text: MAIL } });
    expect(traced.json).toMatchObject({
      verdict: { action: "director", director: "maildirect" },
      flow: "mail",
      rule: 1,
      mark: "0x100",
    });
    const bad = await lab.call("POST", "/trace", { body: { packet: { ...packet, dst: "x" }, text: MAIL } });
    expect(bad).toMatchObject({ status: 422, json: { diagnostics: [{ path: "/packet/dst" }] } });
  });
});

describe("who may", () => {
  it("nobody without a token; unknown routes are problem documents", async () => {
    const none = await fetch(`${lab.running.url}/api/v1/draft`);
    expect(none.status).toBe(401);
    expect(none.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect(await lab.call("GET", "/nothing")).toMatchObject({
      status: 404,
      json: { type: "urn:flowmgr:problem:not-found" },
    });
  });

  it("no foreign Host", async () => {
    const host = (name: string) => lab.call("GET", "/draft", { headers: { host: name } });
    expect(await host("evil.example")).toMatchObject({
      status: 403,
      json: { type: "urn:flowmgr:problem:unknown-host" },
    });
    for (const name of ["localhost:1", "127.0.0.1", "[::1]:9999"])
      expect((await host(name)).status).toBe(200);
    expect(
      (await lab.call("GET", "/draft", { headers: { "x-forwarded-host": "evil.example" } })).status,
    ).toBe(200);
  });

  it("a cookie writes only from our own page, and ends with its session", async () => {
    const { url } = lab.running;
    const { port } = new URL(url);
    const signed = await bare("POST", "/session", { body: { token: lab.token } });
    expect(signed.status).toBe(201);
    const [header = ""] = signed.headers["set-cookie"] ?? [];
    expect(header).toMatch(new RegExp(`^flowmgr_${port}=.*HttpOnly.*SameSite=Strict`));
    const cookie = header.split(";")[0] ?? "";
    const write = (headers: Record<string, string>) =>
      fetch(`${url}/api/v1/draft`, {
        method: "PUT",
        body: "",
        headers: { cookie, "content-type": "text/plain", "if-match": "*", ...headers },
      });
    expect((await write({ "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect(
      (await write({ "sec-fetch-site": "same-site", origin: `http://127.0.0.1:${Number(port) + 1}` })).status,
    ).toBe(403);
    expect((await write({ origin: url, "sec-fetch-site": "none" })).status).toBe(200);
    expect((await write({ "sec-fetch-site": "same-origin" })).status).toBe(200);
    const end = await fetch(`${url}/api/v1/session`, { method: "DELETE", headers: { cookie, origin: url } });
    expect(end.status).toBe(204);
    expect((await fetch(`${url}/api/v1/session`, { headers: { cookie } })).status).toBe(401);
  });

  it("guessing is limited, and the right token gets in all the same", async () => {
    const statuses = new Set<number>();
    for (let i = 0; i < 12; i++) statuses.add((await bare("GET", "/draft")).status);
    expect(statuses).toEqual(new Set([401, 429]));
    expect(Number((await bare("GET", "/draft")).headers["retry-after"])).toBeGreaterThan(0);
    expect((await lab.call("GET", "/draft")).status).toBe(200);
  });
});

it("a killed server has lost nothing that it answered", async () => {
  const place = makePlace();
  const settings = labSettings(place);
  const main = join(import.meta.dirname, "../src/main.ts");
  const flags = ["--listen", "127.0.0.1:0", "--data", settings.data, "--namespace", place.namespace];
  const run = async () => {
    const child = spawn(process.execPath, [main, "serve", ...flags], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise<number | null>((done) => child.once("exit", done));
    let printed = "";
    for await (const chunk of child.stdout) {
      printed += String(chunk);
      const url = /(http:\S+)\/#code=/.exec(printed)?.[1];
      if (url) return { child, ended, url };
    }
    throw new Error(`no link: ${printed}`);
  };
  try {
    const first = await run();
    const put = await call(first.url, tokenOf(place), "PUT", "/draft", { body: MAIL, headers: ANY });
    expect(put.status).toBe(200);
    first.child.kill("SIGKILL");
    await first.ended;
    const second = await run();
    const got = await call(second.url, tokenOf(place), "GET", "/draft");
    expect(got.as(draftSchema).etag).toBe(put.as(writtenDraftSchema).etag);
    second.child.kill("SIGTERM");
    expect(await second.ended).toBe(0);
  } finally {
    await place.remove();
  }
});
