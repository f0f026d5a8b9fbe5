import { resolve } from "node:path";
import { defineConfig } from "vite";

/** One classic script that a page embeds with a tag; nothing else is loaded. */
export default defineConfig({
  root: import.meta.dirname,
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    outDir: resolve(import.meta.dirname, "dist"),
    emptyOutDir: true,
    target: "es2022",
    lib: {
      entry: resolve(import.meta.dirname, "src/main.ts"),
      formats: ["iife"],
      name: "throughlineWidget",
      fileName: () => "widget.js",
    },
  },
});
