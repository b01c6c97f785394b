/** `PUT /config`, the one call of automation, and the plan. */
import {
  draftSchema,
  planSchema,
  problemSchema,
  revisionListSchema,
  runningAgainstSchema,
  runningSchema,
  statusSchema,
  writtenDraftSchema,
} from "@flowmgr/flow-api";
import { withDelta } from "@flowmgr/flow-model";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Lab, startLab } from "./lab.ts";

const SSH = "flow ssh permit\n  match proto tcp dst 192.168.0.1 dstport 22\n";
const DNS = "flow dns permit\n  match proto udp dst 192.168.0.1 dstport 53\n";

const SSH_RULE = "-A @ssh -d 192.168.0.1/32 -p tcp -m tcp --dport 22 -j ACCEPT";

let lab: Lab;

/** Puts a text into the draft; gives its ETag. */
async function draft(text: string): Promise<string> {
  const written = await lab.call("PUT", "/draft", { headers: { "if-match": "*" }, body: text });
  expect(written.status, written.text).toBe(200);
  return written.as(writtenDraftSchema).etag;
}

const status = async () => (await lab.call("GET", "/status")).as(statusSchema);

beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.remove());
beforeEach(async () => {
  const put = await lab.call("PUT", "/config", { body: SSH });
  expect(put.status, put.text).toBe(200);
});

test("the same config again does nothing, and repairs what others did", async () => {
  const newest = async () =>
    (await lab.call("GET", "/revisions?limit=1")).as(revisionListSchema).revisions[0]?.id;
  const before = (await status()).running?.revision;
  const last = await newest();
  const again = await lab.call("PUT", "/config", { body: SSH });
  expect(again.json).toEqual({ revision: before, state: "confirmed", changed: false });

  lab.inside("iptables", "-t", "mangle", "-F", "@ssh");
  expect(lab.rules()).toEqual([]);
  const repaired = await lab.call("PUT", "/config", { body: SSH });
  expect(repaired.json).toEqual({ revision: before, state: "confirmed", changed: false });
  expect(lab.rules()).toEqual([SSH_RULE]);
  expect(await newest()).toBe(last);
});

test("JSON says the same as text", async () => {
  const { config } = (await lab.call("GET", "/running")).as(runningSchema);
  const again = await lab.call("PUT", "/config", { body: config });
  expect(again.json).toMatchObject({ changed: false });
});

test("a dry run answers the plan and changes nothing", async () => {
  const before = (await lab.call("GET", "/revisions?limit=1")).as(revisionListSchema).revisions[0]?.id;
  const { etag } = (await lab.call("GET", "/draft")).as(draftSchema);
  const plan = (await lab.call("PUT", "/config?dryRun=true", { body: SSH + DNS })).as(planSchema);
  expect(plan).toMatchObject({ headline: expect.stringMatching(/^1 flow added/), applicable: true, etag });
  expect(plan.text).toContain("+flow dns permit");
  expect(plan.kernel.ip.added).toEqual(["@dns"]);
  expect(plan.kernel.ip.restore).toContain("-A @dns");
  expect(lab.rules()).toEqual([SSH_RULE]);
  expect((await lab.call("GET", "/draft")).as(draftSchema).etag).toBe(etag);
  expect((await lab.call("GET", "/revisions?limit=1")).as(revisionListSchema).revisions[0]?.id).toBe(before);
});

test("a clean draft follows; one with edits of its own is never touched", async () => {
  await draft(SSH);
  await lab.call("PUT", "/config", { body: SSH + DNS });
  const text = { headers: { accept: "text/plain" } };
  expect((await lab.call("GET", "/draft", text)).text).toBe(`${SSH}\n${DNS}`);
  await draft(`# mine\n${SSH}`);
  await lab.call("PUT", "/config", { body: DNS });
  expect((await lab.call("GET", "/draft", text)).text).toBe(`# mine\n${SSH}`);
  expect((await lab.call("GET", "/running", text)).text).toBe(DNS);
});

test("what is in force is told by what it shares with the draft", async () => {
  await lab.call("PUT", "/config", { body: SSH + DNS });
  await draft(`# mine\n${DNS}${SSH}`);
  const told = (await lab.call("GET", "/running?against=draft")).as(runningAgainstSchema);
  const running = (await lab.call("GET", "/running")).as(runningSchema);
  const { etag, config } = (await lab.call("GET", "/draft")).as(draftSchema);
  expect(told).toMatchObject({ draft: etag, revision: running.revision });
  expect(told.items).toEqual([{ from: 1, count: 1 }, running.config.items[1]]);
  expect(withDelta(told, config)).toEqual(running.config);
  expect((await lab.call("GET", "/running?against=mine")).status).toBe(400);
});

test("If-Match is honoured when it is given", async () => {
  const answer = await lab.call("PUT", "/config", { headers: { "if-match": '"old"' }, body: DNS });
  expect(answer.status).toBe(412);
  expect(lab.rules()).toEqual([SSH_RULE]);
});

test("If-Match counts until the guards are done", async () => {
  const etag = await draft(SSH);
  const { analyst } = lab.running.parts;
  const real = analyst.expectations;
  analyst.expectations = async (...asked) => {
    analyst.expectations = real;
    await draft(`# mine\n${SSH}`);
    return real(...asked);
  };
  const answer = await lab.call("PUT", "/config", { headers: { "if-match": etag }, body: DNS });
  expect(analyst.expectations).toBe(real);
  expect(answer.status, answer.text).toBe(412);
  expect(lab.rules()).toEqual([SSH_RULE]);
});

test("an error has its place in the text, and nothing is applied", async () => {
  const answer = await lab.call("PUT", "/config", { body: "flow x permit\n  match dst 300.1.1.1\n" });
  expect(answer.status).toBe(422);
  expect(answer.as(problemSchema).diagnostics[0]).toMatchObject({ line: 2, column: 13, severity: "error" });
  const table = await lab.call("PUT", "/config", { body: "flow x table nosuch\n  match dst 10.0.0.1\n" });
  expect(table.status).toBe(422);
  expect(table.as(problemSchema).diagnostics[0]).toMatchObject({ code: "unknown-table", line: 1 });
  expect(lab.rules()).toEqual([SSH_RULE]);
});

test("the plan of the draft: headline, diff, chains, and that it may be applied", async () => {
  await draft(`# nets\n${SSH}${DNS}`);
  const plan = (await lab.call("GET", "/draft/plan")).as(planSchema);
  expect(plan.applicable).toBe(true);
  expect(plan.changes).toContainEqual({ name: "dns", change: "added" });
  expect(plan.text).toMatch(/^--- running\n\+\+\+ draft\n@@ /);
  expect(plan.kernel.ip6?.added).toEqual([]);
  expect(plan.authors).toMatchObject([{ name: "admin" }]);
});

test("nothing that is not known slips through", async () => {
  const unknown = await lab.call("POST", "/apply", { body: { etag: "x", forever: true } });
  expect(unknown.status).toBe(422);
  const query = await lab.call("PUT", "/config?dryrun=true", { body: SSH });
  expect(query.status).toBe(400);
});
