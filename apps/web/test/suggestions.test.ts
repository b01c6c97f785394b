import type { Status } from "@flowmgr/flow-api";
import { expect, test } from "vitest";
import { tableSuggestions } from "../src/api/suggestions.ts";

test("only tables that a policy may name are offered, in the machine's order", () => {
  const tables = [
    { name: "local", number: 255 },
    { name: "main", number: 254 },
    { name: "unspec", number: 0 },
    { name: "uplink", number: 77 },
  ];
  const status: Pick<Status, "tables"> = { tables };
  expect(tableSuggestions(status).map(({ value }) => value)).toEqual(["main", "uplink"]);
});
