// What `npm start`, an image and the units of systemd run: the server as JavaScript, where it was made of the sources as
// they are now, else the sources themselves. Nobody runs what a `git pull` has left behind.
import { isCurrent, SERVER } from "../../.config/built.mjs";

const made = isCurrent(SERVER);
if (!made) {
  process.stderr.write(
    "flowmgr: running from the sources, which takes 30 MB more; npm start builds the server\n",
  );
}
await import(made ? "./dist/main.js" : "./src/main.ts");
