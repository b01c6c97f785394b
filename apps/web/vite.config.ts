import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const api = { target: "http://127.0.0.1:8080" };

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  // The server answers only for its own names and origins, so the proxy keeps the Host that it listens on.
  server: {
    port: 5173,
    proxy: { "/api": api, "/openapi.json": api, "/docs": api },
  },
  build: { outDir: "dist", emptyOutDir: true, sourcemap: false },
});
