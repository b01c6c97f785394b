/** The built page as a browser gets it, also when it is built anew under a running server. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Fastify from "fastify";
import { afterEach, beforeEach, expect, it } from "vitest";
import { registerPage } from "../src/web.ts";

let page = "";
beforeEach(() => {
  page = mkdtempSync(join(tmpdir(), "flowmgr-page-"));
  mkdirSync(join(page, "assets"));
  build("first");
});
afterEach(() => rmSync(page, { recursive: true }));

/** What the build leaves: an index that names its one asset, and a file beside it. */
function build(name: string): void {
  rmSync(join(page, "assets"), { recursive: true });
  mkdirSync(join(page, "assets"));
  writeFileSync(join(page, "assets", `${name}.js`), `"${name}"`);
  writeFileSync(join(page, "index.html"), `<script src="/assets/${name}.js">`);
  writeFileSync(join(page, "icon.svg"), "<svg/>");
}

async function serve() {
  const app = Fastify();
  await registerPage(app, page);
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const get = async (path: string) => {
    const answer = await fetch(`${url}${path}`, { headers: { accept: "text/html" } });
    return { status: answer.status, cache: answer.headers.get("cache-control"), text: await answer.text() };
  };
  return { get, [Symbol.asyncDispose]: () => app.close() };
}

it("assets are kept for ever, everything else is asked for again", async () => {
  await using server = await serve();
  const index = { status: 200, cache: "no-cache", text: '<script src="/assets/first.js">' };
  expect(await server.get("/")).toEqual(index);
  expect(await server.get("/flows/ssh")).toEqual(index);
  expect(await server.get("/icon.svg")).toMatchObject({ status: 200, cache: "no-cache" });
  const asset = { status: 200, cache: "public, max-age=31536000, immutable", text: '"first"' };
  expect(await server.get("/assets/first.js")).toEqual(asset);
  expect((await server.get("/assets/nothing.js")).status).toBe(404);
});

it("a page that is built anew is served whole", async () => {
  await using server = await serve();
  build("second");
  expect((await server.get("/")).text).toContain("/assets/second.js");
  expect(await server.get("/assets/second.js")).toMatchObject({ status: 200, text: '"second"' });
  expect((await server.get("/assets/first.js")).status).toBe(404);
});
