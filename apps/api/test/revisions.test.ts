/** History over real HTTP. */
import {
  appliedSchema,
  revisionDetailSchema,
  revisionDiffSchema,
  revisionListSchema,
  writtenDraftSchema,
} from "@flowmgr/flow-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startLab } from "./lab.ts";

const flow = (name: string, port: number) =>
  `flow ${name} permit\n  match proto tcp dst 192.168.0.1 dstport ${port}\n`;
const TEXTS = [flow("one", 1), flow("one", 2), `${flow("one", 2)}\n${flow("two", 3)}`];

let lab: Lab;
const ids: number[] = [];

beforeAll(async () => {
  lab = await startLab();
  for (const [index, body] of TEXTS.entries()) {
    const put = await lab.call("PUT", `/config?message=step%20${index}`, { body });
    ids.push(put.as(appliedSchema).revision);
  }
});
afterAll(() => lab.remove());

test("the newest first, page by page, each once", async () => {
  const first = (await lab.call("GET", "/revisions?limit=2")).as(revisionListSchema);
  expect(first.revisions.map(({ id }: { id: number }) => id)).toEqual([ids[2], ids[1]]);
  expect(first.next).toBe(ids[1]);
  const rest = (await lab.call("GET", `/revisions?limit=2&after=${first.next}`)).as(revisionListSchema);
  expect(rest.revisions.map(({ id }: { id: number }) => id)).toEqual([ids[0]]);
  expect(rest.next).toBeNull();
  expect(first.revisions[0]).toMatchObject({
    author: "admin",
    message: "step 2",
    outcome: "confirmed",
    running: true,
    counts: { flows: 2, rules: 2 },
  });
  expect(rest.revisions[0]?.running).toBe(false);
});

test("one of them with its config, as JSON and as text", async () => {
  const one = (await lab.call("GET", `/revisions/${ids[1]}`)).as(revisionDetailSchema);
  expect(one.text).toBe(TEXTS[1]);
  expect(one.config.items[0]).toMatchObject({ kind: "flow", name: "one" });
  expect((await lab.call("GET", "/revisions/999")).json).toMatchObject({
    status: 404,
    detail: "There is no revision 999.",
  });
  expect((await lab.call("GET", "/revisions/x")).status).toBe(400);
});

test("what changed from one to another", async () => {
  const diff = (await lab.call("GET", `/revisions/${ids[0]}/diff?to=${ids[2]}`)).as(revisionDiffSchema);
  expect(diff).toMatchObject({ from: ids[0], to: ids[2], headline: expect.stringMatching(/1 flow added/) });
  expect(diff.text).toContain(
    "-  match proto tcp dst 192.168.0.1 dstport 1\n+  match proto tcp dst 192.168.0.1 dstport 2\n",
  );
  expect((await lab.call("GET", `/revisions/${ids[0]}/diff?to=${ids[0]}`)).as(revisionDiffSchema).text).toBe(
    "",
  );
});

test("what changed from one to what is in force, and to the draft", async () => {
  const running = (await lab.call("GET", `/revisions/${ids[0]}/diff?to=running`)).as(revisionDiffSchema);
  expect(running).toEqual((await lab.call("GET", `/revisions/${ids[0]}/diff?to=${ids[2]}`)).json);
  const body = `${TEXTS[2]}\n${flow("three", 4)}`;
  await lab.call("PUT", "/draft", { body, headers: { "if-match": "*" } });
  const draft = (await lab.call("GET", `/revisions/${ids[2]}/diff?to=draft`)).as(revisionDiffSchema);
  expect(draft).toMatchObject({
    from: ids[2],
    to: "draft",
    headline: expect.stringMatching(/^1 flow added/),
  });
  expect(draft.text).toContain("+flow three permit\n");
  expect((await lab.call("GET", `/revisions/${ids[0]}/diff?to=yesterday`)).status).toBe(400);
});

test("a restore goes into the draft, by the rules of the draft, and touches nothing else", async () => {
  const rules = lab.rules();
  const path = `/revisions/${ids[0]}/restore`;
  expect((await lab.call("POST", path)).status).toBe(428);
  expect((await lab.call("POST", path, { headers: { "if-match": '"old"' } })).status).toBe(412);
  const restored = await lab.call("POST", path, { headers: { "if-match": "*" } });
  expect(restored.status, restored.text).toBe(200);
  const draft = await lab.call("GET", "/draft", { headers: { accept: "text/plain" } });
  expect(draft.text).toBe(TEXTS[0]);
  expect(draft.headers.etag).toBe(`"${restored.as(writtenDraftSchema).etag}"`);
  expect(lab.rules()).toEqual(rules);
});
