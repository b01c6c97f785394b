import { expect, test } from "vitest";
import { wayIn } from "../../src/review/way-in.ts";

const said = (kind: "host" | "namespace", indirect: boolean) =>
  wayIn({
    target: { kind, namespace: kind === "host" ? null : "lab" },
    you: { name: "ann", via: "session", indirect, address: "10.0.0.7" },
  });

test.each([true, false])("rules in a private namespace touch nobody's way in (indirect: %s)", (indirect) => {
  expect(said("namespace", indirect)).toBe(
    "These rules are in a private namespace and touch nobody's way in.",
  );
});

test("on the machine itself, a page that came by loopback or a proxy proves nothing", () => {
  expect(said("host", true)).toContain("Open a new SSH session to the machine before you keep them.");
  expect(said("host", false)).toBeNull();
});
