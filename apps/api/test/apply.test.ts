/** Applying over real HTTP, read back from the real kernel. */
import { connect } from "node:net";
import { statusSchema } from "@flowmgr/flow-api";
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
  return written.json.etag;
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

const status = async () => (await lab.call("GET", "/status")).json;

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
    expect(Date.parse(applied.json.deadline) - clock.now()).toBe(60_000);
    expect(applied.headers.connection).toBe("close");
    expect(lab.rules()).toHaveLength(2);
    const { revision } = applied.json;
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
    expect(await status()).toMatchObject({ state: "in-sync", expired: { revision: applied.json.revision } });
    expect((await lab.call("GET", "/draft", { headers: { accept: "text/plain" } })).text).toBe(DNS);
    const { revisions } = (await lab.call("GET", "/revisions?limit=1")).json;
    expect(revisions).toMatchObject([{ id: applied.json.revision, outcome: "expired", running: false }]);
  });

  test("a moment before the deadline nothing has happened yet", async () => {
    await apply(DNS, 30);
    clock.pass(29_999);
    expect((await status()).state).toBe("unconfirmed");
    expect(lab.rules()[0]).toMatch(/^-A @dns /);
  });

  test("revert puts the old rules back at once", async () => {
    const { revision } = (await apply(DNS, 30)).json;
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
    const { revision } = (await apply(DNS, 30)).json;
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
    expect(applied.json).toEqual({ revision: applied.json.revision, state: "confirmed" });
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
    expect(refused?.json.detail).toMatch(/^Revision \d+ (is being applied|waits to be confirmed)/);
    expect((await lab.call("GET", "/draft")).json.etag).toBe(etag);
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
    const { revision } = (await apply(DNS, 30)).json;
    expect((await lab.call("POST", "/apply/confirm", { body: { revision: revision + 7 } })).status).toBe(409);
    const again = await lab.call("POST", "/apply/revert", { body: { revision } });
    expect(again.status).toBe(200);
    expect((await lab.call("POST", "/apply/confirm", { body: { revision } })).json.type).toBe(
      "urn:flowmgr:problem:nothing-unconfirmed",
    );
  });
});

describe("PUT /config", () => {
  test("the same config again does nothing, and repairs what others did", async () => {
    const newest = async () => (await lab.call("GET", "/revisions?limit=1")).json.revisions[0].id;
    const before = (await status()).running.revision;
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
    const { config } = (await lab.call("GET", "/running")).json;
    const again = await lab.call("PUT", "/config", { body: config });
    expect(again.json.changed).toBe(false);
  });

  test("a dry run answers the plan and changes nothing", async () => {
    const before = (await lab.call("GET", "/revisions?limit=1")).json.revisions[0].id;
    const { etag } = (await lab.call("GET", "/draft")).json;
    const plan = (await lab.call("PUT", "/config?dryRun=true", { body: SSH + DNS })).json;
    expect(plan).toMatchObject({ headline: expect.stringMatching(/^1 flow added/), applicable: true, etag });
    expect(plan.text).toContain("+flow dns permit");
    expect(plan.kernel.ip.added).toEqual(["@dns"]);
    expect(plan.kernel.ip.restore).toContain("-A @dns");
    expect(lab.rules()).toEqual([SSH_RULE]);
    expect((await lab.call("GET", "/draft")).json.etag).toBe(etag);
    expect((await lab.call("GET", "/revisions?limit=1")).json.revisions[0].id).toBe(before);
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

  test("If-Match is honoured when it is given", async () => {
    const answer = await lab.call("PUT", "/config", { headers: { "if-match": '"old"' }, body: DNS });
    expect(answer.status).toBe(412);
    expect(lab.rules()).toEqual([SSH_RULE]);
  });

  test("an error has its place in the text, and nothing is applied", async () => {
    const answer = await lab.call("PUT", "/config", { body: "flow x permit\n  match dst 300.1.1.1\n" });
    expect(answer.status).toBe(422);
    expect(answer.json.diagnostics[0]).toMatchObject({ line: 2, column: 13, severity: "error" });
    const table = await lab.call("PUT", "/config", { body: "flow x table nosuch\n  match dst 10.0.0.1\n" });
    expect(table.status).toBe(422);
    expect(table.json.diagnostics[0]).toMatchObject({ code: "unknown-table", line: 1 });
    expect(lab.rules()).toEqual([SSH_RULE]);
  });
});

describe("drift", () => {
  test("what others change is named; our own apply is no drift", async () => {
    expect((await lab.call("GET", "/status?verify=true")).json).toMatchObject({
      state: "in-sync",
      detail: null,
    });
    lab.inside("iptables", "-t", "mangle", "-F", "@ssh");
    const told = lab.event("drift", ({ drift }) => drift === true);
    const drifted = (await lab.call("GET", "/status?verify=true")).json;
    await told;
    expect(drifted.state).toBe("drift");
    expect(drifted.detail).toBe("The kernel differs from the running revision: IPv4: chain @ssh changed.");

    const settled = lab.event("drift", ({ drift }) => drift === false);
    await lab.call("PUT", "/config", { body: SSH });
    await settled;
    expect(await status()).toMatchObject({ state: "in-sync", detail: null });
  });

  test("rules of others are none of our business", async () => {
    lab.inside(
      "iptables",
      "-t",
      "mangle",
      "-A",
      "POSTROUTING",
      "-d",
      "10.9.9.9",
      "-j",
      "MARK",
      "--set-mark",
      "7",
    );
    expect((await lab.call("GET", "/status?verify=true")).json.state).toBe("in-sync");
    lab.inside("iptables", "-t", "mangle", "-F", "POSTROUTING");
  });

  test("it is looked for without anybody asking", async () => {
    lab.inside("iptables", "-t", "mangle", "-F", "FLOWS");
    const told = lab.event("drift", ({ drift }) => drift === true);
    clock.pass(60_000);
    await told;
    expect((await status()).detail).toContain("chain FLOWS changed");
  });
});

test("the plan of the draft: headline, diff, chains, and that it may be applied", async () => {
  await draft(`# nets\n${SSH}${DNS}`);
  const plan = (await lab.call("GET", "/draft/plan")).json;
  expect(plan.applicable).toBe(true);
  expect(plan.changes).toContainEqual({ name: "dns", change: "added" });
  expect(plan.text).toMatch(/^--- running\n\+\+\+ draft\n@@ /);
  expect(plan.kernel.ip6.added).toEqual([]);
  expect(plan.authors).toMatchObject([{ name: "admin" }]);
});

test("the status has its shape, and knows the machine", async () => {
  await lab.call("PUT", "/config", {
    body: "flow mail director pool\n  match proto tcp dst 192.168.0.2 dstport 25\n",
  });
  const got = statusSchema.strict().parse((await lab.call("GET", "/status?verify=true")).json);
  expect(got).toMatchObject({
    state: "in-sync",
    target: { kind: "namespace", namespace: lab.place.namespace },
    directors: [{ name: "pool", mark: "0x100" }],
    you: { name: "admin", via: "token", indirect: true, address: "127.0.0.1" },
  });
  expect(got.interfaces).toEqual(expect.arrayContaining(["lo", "eth0", "eth1"]));
  expect(lab.inside("ip", "rule")).toContain("fwmark 0x100/0xff00");
});

test("a director keeps its mark when others come before it", async () => {
  const mail = "flow mail director pool\n  match proto tcp dst 192.168.0.2 dstport 25\n";
  const web = "flow web director farm\n  match proto tcp dst 192.168.0.2 dstport 80\n";
  await lab.call("PUT", "/config", { body: mail });
  await lab.call("PUT", "/config", { body: web + mail });
  expect((await status()).directors).toEqual([
    { name: "pool", mark: "0x100" },
    { name: "farm", mark: "0x200" },
  ]);
});

test("a mark that others use is refused by name, and those in force stay", async () => {
  const mail = "flow mail director pool\n  match proto tcp dst 192.168.0.2 dstport 25\n";
  const web = "flow web director farm\n  match proto tcp dst 192.168.0.2 dstport 80\n";
  await lab.call("PUT", "/config", { body: mail });
  lab.inside("ip", "rule", "add", "fwmark", "0x100/0xff00", "lookup", "77");
  lab.inside("ip", "rule", "add", "fwmark", "0x200/0xff00", "lookup", "77");
  await lab.call("GET", "/status?verify=true");
  expect((await lab.call("PUT", "/config", { body: `# again\n${mail}` })).status).toBe(200);
  const refused = await lab.call("PUT", "/config", { body: mail + web });
  expect(refused.status).toBe(422);
  expect(refused.json.diagnostics).toMatchObject([
    { code: "mark-in-use", flow: "web", path: "/items/1/policy" },
  ]);
  expect(refused.json.diagnostics[0].message).toBe(
    "mark 0x200, the next free one for director farm, is used by others: ip rule to table 77",
  );
  lab.inside("ip", "rule", "delete", "fwmark", "0x100/0xff00", "lookup", "77");
  lab.inside("ip", "rule", "delete", "fwmark", "0x200/0xff00", "lookup", "77");
});

test("nothing that is not known slips through", async () => {
  const unknown = await lab.call("POST", "/apply", { body: { etag: "x", forever: true } });
  expect(unknown.status).toBe(422);
  const query = await lab.call("PUT", "/config?dryrun=true", { body: SSH });
  expect(query.status).toBe(400);
});
