import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { complaint, run, succeeded } from "../src/run.ts";

test("input goes in, output and exit status come out", async () => {
  const ran = await run(["tr", "a", "b"], { stdin: "banana" });
  expect(ran).toMatchObject({
    status: 0,
    stdout: "bbnbnb",
    stderr: "",
    failure: null,
  });
  expect(succeeded(ran)).toBe(true);
});

test("nothing is read by a shell", async () => {
  const ran = await run(["printf", "%s", "$(id); `id`"]);
  expect(ran.stdout).toBe("$(id); `id`");
});

test("a program that is missing is data", async () => {
  const ran = await run(["flowmgr-no-such-program", "-x"]);
  expect(ran).toMatchObject({ status: null, failure: "missing" });
  expect(complaint(ran)).toBe("flowmgr-no-such-program -x: there is no such program");
});

test("a program that is there and cannot be started is not called missing", async () => {
  const ran = await run(["/etc/passwd"]);
  expect(ran).toMatchObject({ status: null, failure: "unstarted" });
  expect(complaint(ran)).toBe("/etc/passwd: could not be started (spawn /etc/passwd EACCES)");
  const long = await run(["true", "x".repeat(200_000)]);
  expect(long).toMatchObject({ status: null, failure: "unstarted", stderr: "spawn true E2BIG" });
});

test("a program that hangs is killed", async () => {
  const ran = await run(["sleep", "600"], { limit: 50 });
  expect(ran).toMatchObject({ status: null, failure: "timeout" });
  expect(complaint(ran)).toBe("sleep 600: did not end in time and was killed");
});

test("who has ended while this process itself stood still is heard, not killed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "flowmgr-run-"));
  const done = join(folder, "done");
  const limit = 1000;
  // What starts programs has to be there already.
  await run(["true"]);
  const ran = run(["sh", "-c", 'echo said; : > "$0"', done], { limit });
  const begun = performance.now();
  const still = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(done) || performance.now() < begun + limit + 100) Atomics.wait(still, 0, 0, 10);
  expect(await ran).toMatchObject({ status: 0, stdout: "said\n", failure: null });
  rmSync(folder, { recursive: true });
});

test("a program that never stops talking is killed", async () => {
  const ran = await run(["cat", "/dev/zero"]);
  expect(ran).toMatchObject({ status: null, failure: "output" });
});

test("a program that does not read its input takes nobody down", async () => {
  const ran = await run(["false"], { stdin: "x".repeat(1_000_000) });
  expect(ran).toMatchObject({ status: 1, failure: null });
  expect(complaint(ran)).toBe("false: exit status 1");
});
