// `npm start` and `npm test`: from a fresh checkout to a running server or a full test run. `node .config/run.mjs build`
// makes all that a server runs from and ends, for an image.
//
// With built.mjs all that the machine's own Node runs (any Node >= 20), hence plain JavaScript without dependencies.
// It installs what is missing, says so before it does, and hands over to the Node that the lock file pins.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { make, PAGE, root, SERVER, whenChanged } from "./built.mjs";

const PNPM = "pnpm@12.21.0";

/** Debian packages by the command that proves them to be there. */
const APT_START = {
  iptables: "iptables",
  "ip6tables-restore": "iptables",
  ip: "iproute2",
  ipset: "ipset",
  flock: "util-linux",
  unshare: "util-linux",
};
const APT_TEST = {
  ...APT_START,
  chromium: "chromium",
  tcpreplay: "tcpreplay",
  nft: "nftables",
  ping: "iputils-ping",
  z3: "z3",
};

/** Without these the suite "ipvs" is skipped, and the closing line of all tests says so. */
const aptIpvs = () => JSON.parse(readFileSync(join(root, "e2e/ipvs/packages.json"), "utf8"));

const [command, ...rest] = process.argv.slice(2);

function say(text) {
  process.stderr.write(`flowmgr: ${text}\n`);
}

function stop(text) {
  say(text);
  process.exit(1);
}

function onPath(name) {
  const places = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin", "/usr/bin"];
  return places.some((place) => existsSync(join(place, name)));
}

/** Packages of the list whose command is not there. */
function lacking(wanted) {
  return [...new Set(Object.entries(wanted).flatMap(([tool, name]) => (onPath(tool) ? [] : [name])))];
}

/** Installs the Debian packages that are missing, and names them first. */
function installPackages(wanted) {
  const missing = lacking(wanted);
  if (missing.length === 0) return;
  const byHand = `apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  if (!onPath("apt-get"))
    stop(`these packages are missing: ${missing.join(", ")}. Install them and start again.`);
  if (process.getuid?.() !== 0) stop(`run this as root, or first: sudo ${byHand}`);
  try {
    aptInstall(missing);
  } catch {
    stop(`apt-get could not install them. Try it by hand: ${byHand}`);
  }
}

/** The same for packages without which all goes on: not everybody may install, and not every machine has them. */
function tryPackages(wanted) {
  const missing = lacking(wanted);
  if (missing.length === 0) return;
  try {
    aptInstall(missing);
  } catch {
    say(`going on without ${missing.join(", ")}`);
  }
}

function aptInstall(names) {
  say(`installing Debian packages: ${names.join(" ")}`);
  const options = {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  };
  const apt = ["-qq", "-o", "DPkg::Lock::Timeout=600"];
  execFileSync("apt-get", [...apt, "update"], options);
  execFileSync("apt-get", [...apt, "install", "-y", "--no-install-recommends", ...names], options);
}

function run(program, args, what) {
  const done = spawnSync(program, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
  });
  if (done.status === 0) return;
  process.stderr.write(`${done.stdout ?? ""}${done.stderr ?? ""}`);
  stop(`${what} failed.`);
}

function installModules() {
  const manifests = ["package.json", "pnpm-workspace.yaml", "pnpm-lock.yaml"].map((name) => join(root, name));
  for (const group of ["apps", "packages"]) {
    for (const name of readdirSync(join(root, group))) {
      const manifest = join(root, group, name, "package.json");
      if (existsSync(manifest)) manifests.push(manifest);
    }
  }
  whenChanged(join(root, "node_modules/.flowmgr-installed"), manifests, () => {
    say("installing npm packages");
    run("npx", ["-y", PNPM, "install", "--frozen-lockfile"], "installing npm packages");
  });
}

/** The pinned Node itself, not the shell shim in .bin, so that signals reach it. */
function node() {
  const binary = join(root, `node_modules/node-linux-${process.arch}/bin/node`);
  if (!existsSync(binary))
    stop(`no Node for ${process.platform} ${process.arch}: flowmgr runs on Linux, x64 and arm64.`);
  return binary;
}

function build(made, what) {
  make(made, () => {
    say(`building ${what}`);
    const vite = join(root, "node_modules/vite/bin/vite.js");
    run(node(), [vite, "build", made.folder], `building ${what}`);
  });
}

/** Runs the program in the foreground, passes signals on, ends with its status. */
function handOver(args) {
  const child = spawn(node(), args, { cwd: root, stdio: "inherit" });
  // A terminal sends Ctrl-C to the whole group: the child has it already.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGHUP", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}

if (Number(process.versions.node.split(".")[0]) < 20)
  stop(`Node ${process.versions.node} is too old; 20 or newer is needed.`);
if (!["start", "test", "build"].includes(command))
  stop("usage: npm start [-- FLAGS], npm test [-- SUITE ...]");
if (
  command === "start" &&
  process.getuid?.() !== 0 &&
  !rest.includes("--help") &&
  !rest.includes("--version")
) {
  stop("changing packet rules needs root: sudo npm start");
}
if (command !== "build") installPackages(command === "start" ? APT_START : APT_TEST);
if (command === "test") tryPackages(aptIpvs());
installModules();
build(PAGE, "the page");
if (command !== "test") build(SERVER, "the server");
if (command === "start") {
  handOver([
    join(root, "apps/api/flowmgr.mjs"),
    ...(/^[a-z]/.test(rest[0] ?? "") ? rest : ["serve", ...rest]),
  ]);
} else if (command === "test") {
  handOver([join(root, ".config/test.ts"), ...rest]);
}
