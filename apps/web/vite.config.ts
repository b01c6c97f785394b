import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const api = { target: "http://127.0.0.1:8080" };

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  // Host stays localhost:5173: the server takes writes only from an origin that is the host it was asked for.
  server: {
    port: 5173,
    proxy: { "/api": api, "/openapi.json": api, "/docs": api },
  },
  // No data: URLs: the content security policy takes fonts from this server only.
  build: { outDir: "dist", emptyOutDir: true, sourcemap: false, assetsInlineLimit: 0 },
});
