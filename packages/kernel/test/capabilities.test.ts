/** What a machine without some of the tools is told. */
import { describe, expect, test } from "vitest";
import { BACKENDS, makeLab, wrappers } from "./lab.ts";

describe.each(BACKENDS)("%s", (backend) => {
  test("without ip6tables the start is refused, unless IPv6 is switched off", async () => {
    const tools = wrappers();
    for (const name of ["ip6tables", `ip6tables-${backend}`]) tools.wrap(name, "exit 127");
    await expect(makeLab(backend)).rejects.toThrow(
      `this machine has no ip6tables for the ${backend} back end, so IPv6 packets would pass unjudged`,
    );
    const { kernel } = await makeLab(backend, { ipv6: false });
    expect(kernel.facts).toMatchObject({ backend, ip6tables: null });
    expect((await kernel.read()).state.ip6).toBe(null);
  });
});
