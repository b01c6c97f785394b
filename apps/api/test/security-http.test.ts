/** What strangers send: bytes that are hardly HTTP, foreign names, bodies that are made to hurt. */

import { brotliCompressSync, gzipSync } from "node:zlib";
import { checkSchema, problemSchema, writtenDraftSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "./lab.ts";
import { headOf, sendRaw } from "./raw.ts";

let lab: Lab;
let bearer = "";

beforeAll(async () => {
  lab = await startLab();
  bearer = `Authorization: Bearer ${lab.token}`;
});
afterAll(() => lab.remove());

const raw = (...parts: (string | Uint8Array)[]) => sendRaw(lab.running.url, ...parts);

describe("Host", () => {
  const get = (target: string, ...lines: string[]) => raw(headOf("GET", target, bearer, ...lines));

  it.each(["LOCALHOST:1", "127.0.0.1", "[::1]:9", "127.0.0.1:"])("%s is ours", async (host) => {
    expect((await get("/api/v1/draft", `Host: ${host}`)).status).toBe(200);
  });

  it.each([
    "evil.example",
    "localhost.",
    "localhost.evil.example",
    "127.0.0.1@evil.example",
    "127.0.0.1:1:2",
    "127.1",
    "0.0.0.0",
    "[::1",
    "a b",
    "",
  ])("'%s' is foreign, for the page and the API", async (host) => {
    for (const target of ["/", "/api/v1/draft", "/healthz", "/openapi.json", "/nothing"]) {
      const answer = await get(target, `Host: ${host}`);
      expect(answer.status, target).toBe(403);
      expect(JSON.parse(answer.body).type).toBe("urn:flowmgr:problem:unknown-host");
    }
  });

  it("is asked for, and an absolute target goes before it", async () => {
    expect((await get("/healthz")).status).toBe(400);
    expect((await raw("GET /healthz HTTP/1.0\r\n\r\n")).status).toBe(403);
    expect((await get("http://evil.example/api/v1/draft", "Host: localhost")).status).toBe(403);
    expect((await get("http://localhost/api/v1/draft", "Host: evil.example")).status).toBe(403);
    expect((await get("http://localhost/api/v1/draft", "Host: localhost")).status).toBe(200);
    expect((await get("/api/v1/draft", "Host: localhost", "X-Forwarded-Host: evil.example")).status).toBe(
      200,
    );
  });
});

describe("every refusal is a problem document that tells nothing of the inside", () => {
  const long = "a".repeat(300);
  it.each([
    ["no HTTP", 400, "hello\r\n\r\n"],
    ["an unknown method", 400, headOf("FOO", "/", "Host: localhost")],
    [
      "two lengths",
      400,
      headOf("PUT", "/", "Host: localhost", "Content-Length: 1", "Transfer-Encoding: chunked"),
    ],
    ["two hosts", 400, headOf("GET", "/", "Host: localhost", "Host: evil.example")],
    ["large headers", 431, headOf("GET", "/", "Host: localhost", `X: ${"a".repeat(20_000)}`)],
    ["half a percent", 400, headOf("GET", "/%zz", "Host: localhost")],
    ["a long part", 414, headOf("GET", `/api/v1/draft/flows/${long}`, "Host: localhost")],
    ["TRACE", 404, headOf("TRACE", "/api/v1/draft", "Host: localhost")],
    ["OPTIONS *", 404, headOf("OPTIONS", "*", "Host: localhost")],
    ["PROPFIND", 404, headOf("PROPFIND", "/", "Host: localhost")],
    ["HEAD of a stream without end", 404, headOf("HEAD", "/api/v1/events", "Host: localhost")],
    ["up from the page", 404, headOf("GET", "/..%2f..%2fpackage.json", "Host: localhost")],
    ["up from the assets", 404, headOf("GET", "/assets/../../package.json", "Host: localhost")],
    ["no name of an asset", 404, headOf("GET", "/assets/%00", "Host: localhost")],
    ["up from the docs", 404, headOf("GET", "/docs/static/..%2f..%2fpackage.json", "Host: localhost")],
    ["nobody signed in", 401, headOf("GET", "/api/v1/draft", "Host: localhost")],
  ])("%s: %i", async (_what, status, bytes) => {
    const answer = await raw(bytes);
    expect(answer.status, answer.head).toBe(status);
    expect(answer.head).toContain("application/problem+json");
    expect(answer.body).not.toMatch(/FST_|HPE_|node_modules|\.ts:/);
    if (answer.body) expect(JSON.parse(answer.body)).toMatchObject({ status, diagnostics: [] });
  });

  it("what is not there is said before a body is read", async () => {
    const head = headOf(
      "POST",
      "/nothing",
      "Host: localhost",
      "Content-Type: text/plain",
      "Content-Length: 99",
    );
    expect((await raw(head)).status).toBe(404);
  });

  it.each(["%2F", "..%2f..%2fetc", "%00", "constructor", "__proto__"])(
    "no flow is called %s",
    async (name) => {
      expect((await lab.call("GET", `/draft/flows/${name}`)).status).toBe(404);
    },
  );
});

describe("bodies", () => {
  const head = (...lines: string[]) =>
    headOf("POST", "/api/v1/check", "Host: localhost", bearer, "Content-Type: application/json", ...lines);
  const check = (body: unknown, headers: Record<string, string> = {}) =>
    lab.call("POST", "/check", { body, headers: { "content-type": "application/json", ...headers } });

  it("without end are cut at the limit, and too long ones before they come", async () => {
    const chunk = `${(1 << 20).toString(16)}\r\n${" ".repeat(1 << 20)}\r\n`;
    const endless = await raw(head("Transfer-Encoding: chunked"), ...Array.from({ length: 17 }, () => chunk));
    expect(endless.status).toBe(413);
    expect((await raw(head("Content-Length: 99999999999"))).status).toBe(413);
  });

  it("that are packed count unpacked", async () => {
    const send = (encoding: string, body: Uint8Array) =>
      raw(head(`Content-Encoding: ${encoding}`, `Content-Length: ${body.length}`), body);
    expect((await send("gzip", gzipSync('{"items":[]}'))).status).toBe(200);
    expect((await send("br", brotliCompressSync('{"items":[]}'))).status).toBe(200);
    expect((await send("gzip", gzipSync(Buffer.alloc(64 << 20, 32)))).status).toBe(413);
    expect((await send("gzip", Buffer.from("no"))).body).toContain("malformed-encoding");
    expect((await send("foo", Buffer.from("no"))).body).toContain("unsupported-encoding");
  });

  it.each([
    ["lists", "[".repeat(1e6)],
    ["objects", '{"a":'.repeat(1e6)],
    ["a verb", `{"items":[{"kind":"flow","rules":[{"verb":${"[".repeat(1e6)}${"]".repeat(1e6)}}]}]}`],
  ])("%s nested deep are refused, wherever they stand", async (_what, body) => {
    const answer = await check(body);
    expect(answer.status).toBe(400);
    expect(answer.as(problemSchema).detail).toContain("nests too deep");
  });

  it("naming a field twice are refused with the place of the second", async () => {
    const answer = await check('{"items": [], "comment": ["\\"x\\": {"],\n  "items": []}');
    expect(answer.status).toBe(400);
    expect(answer.as(problemSchema).diagnostics).toMatchObject([
      { message: '"items" stands here twice', line: 2, column: 3, endColumn: 10 },
    ]);
    expect((await check('{"items": [], "comment": ["a\\\\", "b: {"]}')).status).toBe(200);
    expect((await check('{"items": [], "\\u0069tems": []}')).status).toBe(400);
  });

  it("with a million wrong values are refused whole; of many wrong ones the first thousand are told", async () => {
    expect((await check(`{"items":[${"1,".repeat(1_000_000)}1]}`)).status).toBe(413);
    const told = await check(`{"items":[${"1,".repeat(5_000)}1]}`);
    expect(told.as(checkSchema).diagnostics).toHaveLength(1000);
    const keys = Array.from({ length: 5_000 }, (_, index) => `"k${index}":1`).join(",");
    expect((await check(`{"items":[],${keys}}`)).as(checkSchema).diagnostics).toHaveLength(1000);
    const echoed = await check(`{"items":[{"kind":"${"x".repeat(100_000)}"}]}`);
    expect(echoed.text.length).toBeLessThan(1000);
  });

  it("may not reach for prototypes", async () => {
    const rule = (conditions: string) =>
      `{"items":[{"kind":"flow","name":"a","policy":{"action":"permit"},"rules":[{"verb":"match","conditions":${conditions}}]}]}`;
    for (const field of ["__proto__", "constructor", "toString"]) {
      const path = `/items/0/rules/0/conditions/${field}`;
      expect((await check(rule(`{"${field}":"tcp"}`))).as(checkSchema).diagnostics).toMatchObject([
        { code: "unknown-field", path },
      ]);
    }
  });

  it("with an unknown kind name the field and what it says", async () => {
    expect((await check('{"items":[{"kind":"foo"}]}')).as(checkSchema).diagnostics).toMatchObject([
      { code: "bad-shape", message: 'kind: "foo" is not known here', path: "/items/0/kind" },
    ]);
    expect((await check('{"items":[{}]}')).as(checkSchema).diagnostics).toMatchObject([
      { code: "missing-field", message: "kind: missing", path: "/items/0/kind" },
    ]);
  });

  it("may call flows, directors and tables by the names of object members", async () => {
    for (const name of ["__proto__", "constructor", "toString"]) {
      const flows = `flow ${name} permit\n  match proto udp\nflow a director ${name}\n  match proto tcp\n`;
      const applied = await lab.call("PUT", "/config", { body: flows });
      expect(applied.status, applied.text).toBe(200);
      const packet = {
        iface: "eth0",
        proto: "tcp",
        src: "10.0.0.1",
        dst: "10.0.0.2",
        srcport: 1,
        dstport: 2,
      };
      const traced = await lab.call("POST", "/trace", { body: { packet, config: "running" } });
      expect(traced.json).toMatchObject({ flow: "a", mark: expect.stringMatching(/^0x[1-9a-f]00$/) });
      const table = `flow a table ${name}\n  match proto tcp\n`;
      const stored = await lab.call("PUT", "/draft", { body: table, headers: { "if-match": "*" } });
      expect(stored.as(writtenDraftSchema).diagnostics).toMatchObject([
        { code: "unknown-table", severity: "error" },
      ]);
    }
  });

  it.each(["a\nflow evil permit", "a\rb", "nul\0", "\u001b[2J", "\u0085", "\ud800"])(
    "with %j in a comment, note or message are refused",
    async (text) => {
      const flow = {
        kind: "flow",
        name: "a",
        policy: { action: "permit" },
        rules: [{ verb: "match", conditions: {} }],
      };
      for (const items of [
        [{ ...flow, comment: [text] }],
        [{ ...flow, note: text }],
        [{ ...flow, name: text }],
      ]) {
        const put = await lab.call("PUT", "/draft", { body: { items }, headers: { "if-match": "*" } });
        expect(put.status).toBe(422);
      }
      if (text === "\ud800") return;
      const apply = await lab.call("POST", "/apply", { body: { etag: "x", message: text } });
      expect(apply.status).toBe(422);
      const message = encodeURIComponent(text);
      expect((await lab.call("PUT", `/config?message=${message}`, { body: "" })).status).toBe(400);
    },
  );
});
