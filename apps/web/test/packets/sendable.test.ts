import { expect, test } from "vitest";
import { reasonNot } from "../../src/packets/sendable.ts";

const NAMESPACE = { kind: "namespace", namespace: "flowmgr" } as const;
const HOST = { kind: "host", namespace: null } as const;
const RUNNING = { revision: 1, author: "admin", message: "", at: "2026-11-01T00:00:00Z" };

test("packets are sent in a private namespace with rules in force, and else it is said why not", () => {
  expect(reasonNot({ target: NAMESPACE, running: RUNNING })).toBeNull();
  expect(reasonNot({ target: NAMESPACE, running: null })).toContain("nothing is in force");
  expect(reasonNot({ target: HOST, running: RUNNING })).toContain("this machine's own network");
});
