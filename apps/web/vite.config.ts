import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const api = { target: "http://127.0.0.1:8080" };

/**
 * The content security policy lets no code be made of text, and the browser reports each try; zod makes one unless it is
 * told before its first schema, which no module of ours comes before.
 */
const noCodeOfText: Plugin = {
  name: "no-code-of-text",
  transform: {
    filter: { id: /\/zod\/v4\/core\/core\.js$/ },
    handler: (code) => code.replace("__zod_globalConfig = {}", "__zod_globalConfig = { jitless: true }"),
  },
};

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), noCodeOfText],
  worker: { plugins: () => [noCodeOfText] },
  // Host stays localhost:5173: the server takes writes only from an origin that is the host it was asked for.
  server: {
    port: 5173,
    proxy: { "/api": api, "/openapi.json": api, "/docs": api },
  },
  // No data: URLs: the content security policy takes fonts from this server only.
  build: { outDir: "dist", emptyOutDir: true, sourcemap: false, assetsInlineLimit: 0 },
});
