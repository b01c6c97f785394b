/** An answer that could not be packed is another try for the next who asks. */
import { brotliDecompressSync } from "node:zlib";
import { fastify } from "fastify";
import { expect, it } from "vitest";
import { packer } from "../src/packed.ts";

it("forgets what could not be packed", async () => {
  const app = fastify();
  const send = packer();
  let body = "one";
  // Text of which a part cannot be written as UTF-8 does not exist; something that is no text does.
  const broken: string = JSON.parse("7");
  app.get("/", (request, reply) => send({ request, reply }, "key", () => body));
  const ask = () => app.inject({ url: "/", headers: { "accept-encoding": "br" } });
  body = broken;
  expect((await ask()).statusCode).toBe(500);
  body = "two";
  const answer = await ask();
  expect(answer.statusCode).toBe(200);
  expect(brotliDecompressSync(answer.rawPayload).toString()).toBe("two");
  body = "three";
  expect(brotliDecompressSync((await ask()).rawPayload).toString()).toBe("two");
  await app.close();
});
