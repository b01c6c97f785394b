import { describe, expect, it } from "vitest";
import { readSettings, type SettingsInput } from "../src/settings.ts";
import { settingsHelp } from "../src/settings-table.ts";

const read = (argv: string[], more: Partial<SettingsInput> = {}) =>
  readSettings({
    argv,
    env: {},
    readFile: (path) => {
      throw new Error(`ENOENT: ${path}`);
    },
    ...more,
  }).settings;

const complaint = (argv: string[], more: Partial<SettingsInput> = {}): string => {
  try {
    read(argv, more);
  } catch (error) {
    if (error instanceof Error && error.name === "SettingsError") return error.message;
    throw error;
  }
  return "";
};

describe("defaults", () => {
  it("are the ones of the contract", () => {
    expect(read([])).toEqual({
      listen: { host: "127.0.0.1", port: 8080 },
      data: "/var/lib/flowmgr",
      target: { kind: "namespace", name: "flowmgr" },
      ipv6: true,
      markMask: 0xff00,
      jump: "first",
      loopback: "spare",
      neighbours: "spare",
      defragment: "on",
      confirmWithin: 60,
      driftEvery: 5,
      driftRepair: false,
      backend: "auto",
      tls: null,
      behindProxy: [],
      allowHost: [],
      insecureHttp: false,
      yes: false,
    });
  });
});

describe("sources", () => {
  const readFile = (path: string) => {
    expect(path).toBe("/etc/flowmgr.json");
    return '{"confirm-within": 30, "jump": "last", "allow-host": ["a.example", "b.example"], "ipv6": "off"}';
  };
  const env = { FLOWMGR_JUMP: "first", FLOWMGR_CONFIRM_WITHIN: "20", FLOWMGR_CONFIG: "/etc/flowmgr.json" };

  it("a flag goes before the environment, the environment before the file", () => {
    const settings = read(["--confirm-within", "10"], { env, readFile });
    expect(settings.confirmWithin).toBe(10);
    expect(settings.jump).toBe("first");
    expect(settings.ipv6).toBe(false);
    expect(settings.allowHost).toEqual(["a.example", "b.example"]);
  });

  it("--config names the file, before FLOWMGR_CONFIG", () => {
    const settings = read(["--config", "/etc/flowmgr.json"], { env: { FLOWMGR_CONFIG: "/other" }, readFile });
    expect(settings.jump).toBe("last");
  });

  it("lists come as several flags or with commas", () => {
    const argv = ["--allow-host", "a.example,b.example", "--allow-host", "C.example"];
    expect(read(argv).allowHost).toEqual(["a.example", "b.example", "c.example"]);
  });

  it("switches are on and off in the environment", () => {
    expect(read([], { env: { FLOWMGR_YES: "on" } }).yes).toBe(true);
    expect(read(["--yes"], { env: { FLOWMGR_YES: "off" } }).yes).toBe(true);
  });

  it("an unknown variable only warns, since others set FLOWMGR_PORT for a service of that name", () => {
    const env = { FLOWMGR_PORT: "tcp://10.0.0.1:80", OTHER: "x" };
    const { warnings } = readSettings({ argv: [], env, readFile: () => "" });
    expect(warnings).toEqual(["FLOWMGR_PORT is not a setting and is ignored"]);
  });
});

describe("a wrong setting stops the start with its name and what would be right", () => {
  it.each([
    [
      ["--listen", "8080"],
      "--listen: '8080' is not right; write ADDRESS:PORT, for example 127.0.0.1:8080 or [::1]:8080",
    ],
    [["--listen", "127.0.0.1:70000"], "--listen: '127.0.0.1:70000' is not right"],
    [["--listen", "::1:80"], "--listen: '::1:80' is not right"],
    [["--data", "here"], "--data: 'here' is not right; write an absolute path"],
    [["--target", "vm"], "--target: 'vm' is not right; write namespace or host"],
    [["--namespace", "a/b"], "--namespace: 'a/b' is not right"],
    [["--ipv6", "yes"], "--ipv6: 'yes' is not right; write on or off"],
    [["--mark-mask", "0xf0f"], "--mark-mask: '0xf0f' is not right; write 1 to 16 neighbouring bits"],
    [["--mark-mask", "0x1ffff"], "--mark-mask: '0x1ffff' is not right"],
    [["--mark-mask", "0"], "--mark-mask: '0' is not right"],
    [["--confirm-within", "1m"], "--confirm-within: '1m' is not right; write seconds, 0 to 86400"],
    [["--confirm-within", "86401"], "--confirm-within: '86401' is not right"],
    [
      ["--behind-proxy", "10.0.0.0/33"],
      "--behind-proxy: '10.0.0.0/33' is not right; write addresses or networks",
    ],
    [
      ["--allow-host", "http://lb1"],
      "--allow-host: 'http://lb1' is not right; write a host name without scheme",
    ],
    [["--tls-cert", "/c.pem"], "--tls-key is missing: give --tls-cert and --tls-key together"],
    [["--tls-key", "/k.pem"], "--tls-cert is missing"],
    [["--listn", "x"], "--listn is not a setting; did you mean --listen?"],
    [["--qwertz"], "--qwertz is not a setting; --help lists them all"],
    [["here"], "here"],
  ])("%j", (argv, message) => {
    expect(complaint(argv)).toContain(message);
  });

  it("names all that are wrong at once, by the name each was written with", () => {
    const text = complaint(["--jump", "middle"], { env: { FLOWMGR_BACKEND: "ebpf" } });
    expect(text).toContain("--jump: 'middle' is not right; write first or last");
    expect(text).toContain("FLOWMGR_BACKEND: 'ebpf' is not right; write auto or nft or legacy");
  });

  it("in the file by key and file", () => {
    const file = (text: string) => complaint(["--config", "/f"], { readFile: () => text });
    expect(file('{"listen": 8080}')).toContain(`"listen" in /f: '8080' is not right`);
    expect(file('{"markmask": "1"}')).toBe('/f: "markmask" is not a setting; did you mean mark-mask?');
    expect(file("{")).toContain("--config /f: ");
    expect(file("[]")).toContain("/f: write one JSON object of settings");
    expect(complaint(["--config", "/none"])).toContain("--config /none: ENOENT");
  });
});

describe("beyond loopback", () => {
  it.each(["0.0.0.0:80", "192.168.0.1:80", "[::]:80"])(
    "%s needs TLS, a proxy or a deliberate word",
    (listen) => {
      expect(complaint(["--listen", listen])).toContain("is not loopback");
      expect(read(["--listen", listen, "--insecure-http"]).insecureHttp).toBe(true);
      expect(read(["--listen", listen, "--behind-proxy", "10.0.0.1,fd00::/8"]).behindProxy).toHaveLength(2);
      const tls = read(["--listen", listen, "--tls-cert", "/c.pem", "--tls-key", "/k.pem"]).tls;
      expect(tls).toEqual({ cert: "/c.pem", key: "/k.pem" });
    },
  );

  it.each(["127.0.0.2:80", "[::1]:80", "localhost:80"])("%s is loopback", (listen) => {
    expect(read(["--listen", listen]).listen.port).toBe(80);
  });
});

it("--help names every setting with its default", () => {
  const help = settingsHelp();
  for (const word of [
    "--listen ADDRESS:PORT",
    "--data DIR",
    "--target namespace|host",
    "--namespace NAME",
    "--ipv6 on|off",
    "--mark-mask MASK",
    "--jump first|last",
    "--loopback spare|judge",
    "--neighbours spare|judge",
    "--confirm-within SECONDS",
    "--backend auto|nft|legacy",
    "--tls-cert FILE",
    "--tls-key FILE",
    "--behind-proxy ADDRESSES",
    "--allow-host NAMES",
    "--insecure-http",
    "--yes",
    "--config FILE",
    "[default: 127.0.0.1:8080]",
    "[default: 0xff00]",
  ]) {
    expect(help).toContain(word);
  }
});
