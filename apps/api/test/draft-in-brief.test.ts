/** Reading and writing a draft that the caller knows: little travels. */
import { draftSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Lab, startLab } from "./lab.ts";

const ANY = { "if-match": "*" };

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.remove());

const put = (body: unknown) => lab.call("PUT", "/draft", { headers: ANY, body });
const text = async () => (await lab.call("GET", "/draft", { headers: { accept: "text/plain" } })).text;

it("who has the draft already is not sent it again", async () => {
  await put("flow a permit match dst 10.0.0.1\n");
  const { etag } = (await lab.call("GET", "/draft")).headers;
  for (const accept of ["application/json", "text/plain"]) {
    const headers = { accept, "if-none-match": String(etag) };
    expect(await lab.call("GET", "/draft", { headers })).toMatchObject({
      status: 304,
      text: "",
      headers: { etag },
    });
    expect(
      (await lab.call("GET", "/draft", { headers: { ...headers, "if-none-match": '"older"' } })).status,
    ).toBe(200);
  }
  await put("flow b permit match dst 10.0.0.1\n");
  expect((await lab.call("GET", "/draft", { headers: { "if-none-match": String(etag) } })).status).toBe(200);
});

it("who prefers a minimal answer gets the new ETag without the config", async () => {
  await put("flow a permit match dst 10.0.0.1\n");
  const edits = [{ do: "switch", name: "a", on: false }];
  const headers = { ...ANY, prefer: "return=minimal" };
  const made = await lab.call("POST", "/draft/edits", { headers, body: { edits } });
  expect(made).toMatchObject({ status: 200, headers: { "preference-applied": "return=minimal" } });
  const { etag, changedAt, changedBy } = (await lab.call("GET", "/draft")).as(draftSchema);
  expect(made.json).toEqual({ etag, changedAt, changedBy });
  expect(made.headers.etag).toBe(`"${etag}"`);
  expect((await text()).startsWith("flow a skip permit")).toBe(true);
  const whole = await lab.call("PUT", "/draft", { headers: ANY, body: "flow b deny match\n" });
  expect(whole.as(draftSchema).config.items).toHaveLength(1);
});
