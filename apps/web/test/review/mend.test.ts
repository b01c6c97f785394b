import { editAll, parse, print } from "@flowmgr/flow-model";
import { expect, test } from "vitest";
import { editsOf } from "../../src/review/mend.ts";

test("what mends a lock-out stands before who would cut off, under a name that is free", () => {
  const { config } = parse("flow ssh permit match dst 10.0.0.9\nflow alltherest deny match\n");
  const fix = { text: "flow ssh permit match proto tcp dstport 22\n", before: "alltherest" };
  const edited = editAll(config, editsOf(fix, config));
  expect(
    "config" in edited ? parse(print(edited.config)).config.items.map((item) => Object(item).name) : null,
  ).toEqual(["ssh", "ssh-2", "alltherest"]);
});
