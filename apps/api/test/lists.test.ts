/** Named lists of the draft over HTTP, and edits in bulk. */
import {
  draftListSchema,
  draftListsSchema,
  draftSchema,
  problemSchema,
  writtenDraftSchema,
} from "@flowmgr/flow-api";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testClock } from "./clock.ts";
import { type Lab, startLab } from "./lab.ts";

const CONFIG = `list office { 10.0.0.0/8, @branch }

list branch { 172.16.0.0/12 }

list web { 80, 443 }

flow shop permit
  match proto tcp src @office dstport @web
`;

const clock = testClock();
let lab: Lab;
const headers = { "if-match": "*" };

const text = async () => (await lab.call("GET", "/draft", { headers: { accept: "text/plain" } })).text;

beforeAll(async () => {
  lab = await startLab({ clock });
});
afterAll(() => lab.remove());
beforeEach(async () => {
  const put = await lab.call("PUT", "/draft", { headers, body: CONFIG });
  expect(put.status, put.text).toBe(200);
});

describe("lists", () => {
  test("each with what it holds and where it is used, page by page", async () => {
    const { lists, next } = draftListsSchema
      .strict()
      .parse((await lab.call("GET", "/draft/lists?limit=2")).json);
    expect(lists).toMatchObject([
      {
        name: "office",
        values: ["10.0.0.0/8", "@branch"],
        holds: "addresses",
        usedBy: [{ flow: "shop", rule: 1, kind: "src" }],
      },
      { name: "branch", holds: "addresses", usedBy: [{ list: "office" }] },
    ]);
    expect(next).toBe("branch");
    const rest = (await lab.call("GET", "/draft/lists?after=branch")).json;
    expect(rest).toMatchObject({ lists: [{ name: "web", holds: "ports" }], next: null });
    const one = await lab.call("GET", "/draft/lists/web");
    expect(draftListSchema.strict().parse(one.json).usedBy).toEqual([
      { flow: "shop", rule: 1, kind: "dstport" },
    ]);
    expect(one.headers.etag).toBe((await lab.call("GET", "/draft")).headers.etag);
    expect((await lab.call("GET", "/draft/lists/nobody")).status).toBe(404);
  });

  test("add, change, remove", async () => {
    const list = { kind: "list", name: "dns", values: ["53"] };
    expect((await lab.call("POST", "/draft/lists", { body: { list } })).status).toBe(428);
    const added = await lab.call("POST", "/draft/lists", { headers, body: { list, before: "shop" } });
    expect(added).toMatchObject({
      status: 201,
      headers: { location: "/api/v1/draft/lists/dns" },
      json: { holds: "ports", usedBy: [] },
    });
    expect((await lab.call("POST", "/draft/lists", { headers, body: { list } })).status).toBe(422);
    const body = { ...list, values: ["53", "853"] };
    const changed = await lab.call("PUT", "/draft/lists/dns", { headers, body });
    expect(changed.json).toMatchObject({ values: ["53", "853"] });
    expect((await lab.call("DELETE", "/draft/lists/dns", { headers })).status).toBe(204);
    expect(await text()).toBe(CONFIG);
  });

  test("a new name is written to all that use it, in one step", async () => {
    const body = { kind: "list", name: "partners", values: ["172.16.0.0/12"] };
    const renamed = await lab.call("PUT", "/draft/lists/branch", { headers, body });
    expect(renamed.status, renamed.text).toBe(200);
    expect(renamed.json).toMatchObject({ name: "partners", usedBy: [{ list: "office" }] });
    expect(await text()).toBe(CONFIG.replaceAll("branch", "partners"));
  });

  test("one that is used stays, and the answer says where", async () => {
    const refused = await lab.call("DELETE", "/draft/lists/web", { headers });
    expect(refused.status).toBe(422);
    expect(refused.as(problemSchema).diagnostics).toMatchObject([
      { code: "unknown-list", flow: "shop", rule: 1 },
    ]);
    expect(await text()).toBe(CONFIG);
  });
});

test("a flow is not replaced by a list", async () => {
  const list = { kind: "list", name: "shop", values: ["53"] };
  const refused = await lab.call("PUT", "/draft/flows/shop", { headers, body: list });
  expect(refused.status, refused.text).toBe(422);
  expect(refused.json).toMatchObject({ diagnostics: [{ path: "/kind" }, { path: "/values" }] });
  expect(await text()).toBe(CONFIG);
});

describe("edits in bulk", () => {
  const flow = (name: string) => ({
    kind: "flow",
    name,
    policy: { action: "permit" },
    rules: [{ verb: "match", conditions: { proto: "tcp" } }],
  });

  test("ten thousand are one step of the draft: one ETag, one event, one author", async () => {
    const before = (await lab.call("GET", "/draft")).as(draftSchema);
    const seen: string[] = [];
    const end = lab.running.parts.events.subscribe((name, payload) => {
      if (name === "draft" && "etag" in payload) seen.push(payload.etag);
    });
    const edits = Array.from({ length: 10_000 }, (_, i) => ({ do: "add", item: flow(`f${i}`) }));
    const made = await lab.call("POST", "/draft/edits", {
      headers: { "if-match": `"${before.etag}"` },
      body: { edits },
    });
    end();
    expect(made.status, made.text.slice(0, 300)).toBe(200);
    expect(made.as(writtenDraftSchema).counts.flows).toBe(10_001);
    expect(seen).toEqual([made.as(writtenDraftSchema).etag]);
    expect(made.headers.etag).toBe(`"${made.as(writtenDraftSchema).etag}"`);
    expect(lab.running.parts.draft.get().authors).toMatchObject([{ name: "admin" }]);
    const tooMany = [...edits, { do: "remove", name: "f0" }];
    const refused = await lab.call("POST", "/draft/edits", { headers, body: { edits: tooMany } });
    expect(refused.status).toBe(422);
  });

  test("the last of many fails: its place is named, none is made", async () => {
    const edits = [
      ...Array.from({ length: 99 }, (_, i) => ({ do: "add", item: flow(`f${i}`) })),
      { do: "switch-rule", flow: "shop", number: 7, on: false },
    ];
    const refused = await lab.call("POST", "/draft/edits", { headers, body: { edits } });
    expect(refused).toMatchObject({
      status: 422,
      json: { diagnostics: [{ code: "unknown-rule", path: "/edits/99", flow: "shop" }] },
    });
    expect(await text()).toBe(CONFIG);
  });

  test("one that leaves a config with errors is refused with all of them", async () => {
    const edits = [
      { do: "remove", name: "@web" },
      { do: "remove", name: "@office" },
    ];
    const refused = await lab.call("POST", "/draft/edits", { headers, body: { edits } });
    expect(refused.status).toBe(422);
    expect(refused.as(problemSchema).diagnostics.map(({ code }) => code)).toEqual([
      "unknown-list",
      "unknown-list",
    ]);
    expect(await text()).toBe(CONFIG);
  });

  test("a stale ETag goes before what cannot be made, and names who was quicker", async () => {
    const { etag } = (await lab.call("GET", "/draft")).as(draftSchema);
    const newer = (await lab.call("PUT", "/draft", { headers, body: "" })).as(writtenDraftSchema).etag;
    const edits = [{ do: "switch", name: "shop", on: false }];
    const stale = await lab.call("POST", "/draft/edits", {
      headers: { "if-match": `"${etag}"` },
      body: { edits },
    });
    expect(stale).toMatchObject({ status: 412, json: { etag: newer, changedBy: "admin" } });
    expect((await lab.call("POST", "/draft/edits", { body: { edits } })).status).toBe(428);
  });

  test("a stale ETag goes before a name that is gone, for lists and flows", async () => {
    const { etag } = (await lab.call("PUT", "/draft", { headers, body: CONFIG })).as(writtenDraftSchema);
    await lab.call("PUT", "/draft", { headers, body: "" });
    const stale = { headers: { "if-match": `"${etag}"` } };
    for (const path of ["/draft/lists/office", "/draft/flows/shop"]) {
      expect((await lab.call("DELETE", path, stale)).status).toBe(412);
      expect((await lab.call("DELETE", path, { headers })).status).toBe(404);
    }
  });
});
