/** Who has an answer already is not sent it again, and who has an older one is. */
import { draftSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Lab, startLab } from "./lab.ts";

const SSH = "list office { 10.0.0.0/8 }\n\nflow ssh permit\n  match proto tcp src @office dstport 22\n";
const WEB = "flow web permit\n  match proto tcp dstport 80\n";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
  expect((await lab.call("PUT", "/config", { body: SSH })).status).toBe(200);
});
afterAll(() => lab.remove());

const text = { accept: "text/plain" };

/** What reads the same answer twice, and what changes it. */
const CASES: [path: string, headers?: Record<string, string>][] = [
  ["/draft"],
  ["/draft", text],
  ["/draft/flows"],
  ["/draft/flows/ssh"],
  ["/draft/lists"],
  ["/draft/lists/office"],
  ["/running"],
  ["/running", text],
  ["/running?against=draft"],
  ["/revisions"],
  ["/directors"],
  ["/tables"],
  ["/../../openapi.json"],
];

it.each(CASES)(
  "%s %o: 304 without a body for its own ETag, whole for another",
  async (path, headers = {}) => {
    const first = await lab.call("GET", path, { headers });
    expect(first.status).toBe(200);
    const etag = String(first.headers.etag);
    expect(etag).toMatch(/^"[\w-]+"$/);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await lab.call("GET", path, { headers: { ...headers, "if-none-match": known } });
      expect(again).toMatchObject({ status: 304, text: "", headers: { etag } });
      expect(again.headers["content-type"]).toBeUndefined();
    }
    const other = await lab.call("GET", path, { headers: { ...headers, "if-none-match": '"other"' } });
    expect(other).toMatchObject({ status: 200, text: first.text });
  },
);

it("what is not there is not had already", async () => {
  const { etag } = (await lab.call("GET", "/draft/flows/ssh")).headers;
  const headers = { "if-none-match": String(etag) };
  for (const path of ["/draft/flows/none", "/draft/lists/none"])
    expect((await lab.call("GET", path, { headers })).status, path).toBe(404);
});

it("a change is sent to who has what was there before, packed or not", async () => {
  const url = `${lab.running.url}/api/v1/`;
  const headers = { authorization: `Bearer ${lab.token}`, "accept-encoding": "br" };
  /** As a browser reads it: packed on the way. */
  const packed = async (path: string, more: Record<string, string> = {}) => {
    const answer = await fetch(url + path, { headers: { ...headers, ...more } });
    const body = await answer.text();
    return { body, status: answer.status, etag: String(answer.headers.get("etag")) };
  };
  const before = {
    draft: await packed("draft"),
    text: await packed("draft", text),
    running: await packed("running"),
  };
  expect(before.text.body).toBe(SSH);
  expect(before.draft.body).toBe((await lab.call("GET", "/draft")).text);
  expect(await packed("draft")).toEqual(before.draft);
  expect((await lab.call("PUT", "/config", { body: WEB })).status).toBe(200);
  for (const [path, { etag }] of [
    ["draft", before.draft],
    ["running", before.running],
  ] as const)
    expect((await packed(path, { "if-none-match": etag })).status, path).toBe(200);
  const after = await packed("draft");
  expect(draftSchema.parse(JSON.parse(after.body)).counts.flows).toBe(1);
  expect(after.body).toBe((await lab.call("GET", "/draft")).text);
  expect((await packed("draft", text)).body).toBe(WEB);
  expect((await packed("running", text)).body).toBe(WEB);
  expect((await packed("running")).body).toBe((await lab.call("GET", "/running")).text);
});
