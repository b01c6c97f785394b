/** The committed document is the served one. Write it anew with `vitest run apps/api/test/openapi -u`. */
import { expect, it } from "vitest";
import { startLab } from "./lab.ts";

it("openapi.json is current, and every call has a summary", async () => {
  const lab = await startLab();
  try {
    const document = Object(await (await fetch(`${lab.running.url}/openapi.json`)).json());
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot("../openapi.json");
    expect(document.openapi).toBe("3.1.0");
    const calls = Object.values(document.paths).flatMap((path) => Object.values(Object(path)));
    expect(calls.length).toBeGreaterThan(20);
    for (const one of calls) expect(Object(one).summary).toEqual(expect.any(String));
    // The long form is described, though zod cannot know what a transform gives.
    expect(document.components.schemas.Item.oneOf).toHaveLength(3);
    const docs = await fetch(`${lab.running.url}/docs/`);
    expect(docs.status).toBe(200);
    const policy = docs.headers.get("content-security-policy");
    expect(policy).toContain("default-src 'self'");
    // Nothing from elsewhere, and over plain http no wish for https.
    expect(policy).not.toMatch(/https?:|upgrade-insecure|\.io/);
  } finally {
    await lab.remove();
  }
});
