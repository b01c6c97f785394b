/** Export in the page's words and import, from outside; what the server reads back is what it wrote. */
import { formatSchema, importedSchema, problemSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "./lab.ts";

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.remove());

const LISTS = `list office { 10.0.0.0/8, 10.1.1.1 }

flow a permit
  match proto { tcp, udp } src @office dstport 53
`;

describe("format in the page's words", () => {
  test("text and JSON, lists taken apart", async () => {
    const asText = await lab.call("POST", "/format?words=page", {
      body: LISTS,
      headers: { accept: "text/plain" },
    });
    expect(asText.status, asText.text).toBe(200);
    expect(asText.headers["content-type"]).toMatch(/^text\/plain/);
    expect(asText.text.split("\n").filter((line) => line.startsWith("  "))).toEqual([
      "  match proto tcp src 10.0.0.0/8 dstport 53",
      "  match proto tcp src 10.1.1.1 dstport 53",
      "  match proto udp src 10.0.0.0/8 dstport 53",
      "  match proto udp src 10.1.1.1 dstport 53",
    ]);
    const asJson = await lab.call("POST", "/format?words=page", { body: LISTS });
    const { text, config } = asJson.as(formatSchema);
    expect(text).toBe(asText.text);
    const again = await lab.call("POST", "/format?words=page", { body: config });
    expect(again.json).toEqual(asJson.json);
  });

  test("422 with the place of what cannot be said, and for other words", async () => {
    const body = "flow a permit\n  match proto tcp src 2001:db8::1\n  match state new\n";
    const refused = await lab.call("POST", "/format?words=page", { body });
    expect(refused).toMatchObject({
      status: 422,
      json: {
        type: "urn:flowmgr:problem:no-page-words",
        diagnostics: [
          {
            code: "no-page-word",
            flow: "a",
            rule: 1,
            line: 2,
            column: 23,
            path: "/items/0/rules/0/conditions/src/values/0",
          },
          { code: "no-page-word", flow: "a", rule: 2, line: 3, column: 9 },
        ],
      },
    });
    expect((await lab.call("POST", "/format?words=page", { body: "flow" })).as(problemSchema).type).toBe(
      "urn:flowmgr:problem:invalid-config",
    );
    expect((await lab.call("POST", "/format?words=mine", { body: LISTS })).status).toBe(400);
  });
});

describe("import", () => {
  test("the page's text, prose listed", async () => {
    const text =
      "In flow ssh\n:\nAny packet is let through to the next flow for processing.flow ssh permit match proto tcp dstport 22\nNext up";
    const answer = await lab.call("POST", "/import", { body: { text } });
    expect(answer.status, answer.text).toBe(200);
    const imported = importedSchema.strict().parse(answer.json);
    expect(imported).toMatchObject({
      from: "page",
      text: "flow ssh permit\n  match proto tcp dstport 22\n",
      diagnostics: [],
    });
    expect(imported.leftOut.map(({ line }) => line)).toEqual([1, 3, 4]);
  });

  test("what this machine's kernel holds, marks known, comes back as the config", async () => {
    const config =
      "flow mail director maildirect\n  match proto tcp dst 192.168.0.2 dstport 25\n\nflow up table 100\n  match src 10.0.0.0/8\n\nflow alltherest deny\n  match\n";
    expect((await lab.call("PUT", "/config", { body: config })).status).toBe(200);
    const text = lab.inside("iptables-save", "-c", "-t", "mangle") + lab.inside("ip6tables-save");
    const imported = (await lab.call("POST", "/import", { body: { text } })).as(importedSchema);
    expect(imported.text).toBe(config);
    const ours = /-A (INPUT .*-j DIRECTORS|DIRECTORS|DEFRAGMENT) /;
    for (const { text } of imported.leftOut) expect(`${text} `).toMatch(ours);
  });

  test("413 for more than is read at once, by what it is read as", async () => {
    const text = "word ".repeat(200_001);
    const refused = await lab.call("POST", "/import", { body: { text } });
    expect(refused).toMatchObject({ status: 413, json: { type: "urn:flowmgr:problem:text-too-long" } });
    expect((await lab.call("POST", "/import", { body: { text, from: "iptables-save" } })).status).toBe(200);
  });

  test("nothing found is no error; a wrong body is", async () => {
    const empty = await lab.call("POST", "/import", { body: { from: "iptables-save", text: "hello" } });
    expect(empty).toMatchObject({
      status: 200,
      json: {
        config: { items: [] },
        leftOut: [{ line: 1, text: "hello", reason: "not a line of iptables-save" }],
      },
    });
    expect((await lab.call("POST", "/import", { body: { text: 1 } })).status).toBe(422);
    expect((await lab.call("POST", "/import", { body: { text: "", from: "nft" } })).status).toBe(422);
  });
});
