import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";

const root = path.join(import.meta.dirname, "..");
const text = (file: string) => readFileSync(path.join(root, file), "utf8");

const Service = z.object({
  image: z.string().optional(),
  command: z.array(z.string()).optional(),
  deploy: z.object({ replicas: z.string() }).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  networks: z.array(z.string()),
});
const Compose = z.object({
  services: z.record(z.string(), Service),
  networks: z.record(z.string(), z.object({ internal: z.boolean().optional() })),
});

const tools = [["docker", "compose"], ["docker-compose"]];
const tool = tools.find(([program = "", ...args]) => spawnSync(program, [...args, "version"]).status === 0);

describe("docker-compose.yml", () => {
  const { services, networks } = Compose.parse(parse(text("docker-compose.yml"), { merge: true }));

  it("runs several gateways and workers on stores that cannot be reached from outside", () => {
    expect(services.gateway?.deploy?.replicas).toBe("${GATEWAYS:-2}");
    expect(services.worker?.deploy?.replicas).toBe("${WORKERS:-2}");
    expect(networks.back?.internal).toBe(true);
    for (const store of ["postgres", "keystore", "redis"]) {
      expect(services[store]?.networks, store).toEqual(["back"]);
      expect(services[store]?.ports, store).toBeUndefined();
    }
  });

  it("has one place for files, which whoever stores and whoever serves share", () => {
    expect(services.gateway?.volumes).toEqual(["media:/data/media"]);
    expect(services.worker?.volumes).toEqual(services.gateway?.volumes);
    expect(text("Dockerfile")).toMatch(/DATA_DIR=\/data\n[^]*chown -R node:node \/data\n/);
  });

  it("keeps the keys apart from the data", () => {
    expect(services.keystore?.volumes).not.toEqual(services.postgres?.volumes);
    const environment = services.gateway?.environment ?? {};
    expect(new URL(environment.KEYSTORE_URL ?? "").hostname).toBe("keystore");
    expect(new URL(environment.DATABASE_URL ?? "").hostname).toBe("postgres");
    expect(environment.MASTER_KEY).toBe("${MASTER_KEY:-unset}");
  });

  it("has a Redis that keeps what it acknowledged and evicts nothing", () => {
    const command = services.redis?.command?.join(" ");
    expect(command).toContain("--appendonly yes --appendfsync always");
    expect(command).toContain("--maxmemory-policy noeviction");
  });

  it.skipIf(tool === undefined)("is accepted by Docker Compose (skipped where it is not installed)", () => {
    const [program = "", ...args] = tool ?? [];
    const done = spawnSync(program, [...args, "-f", "docker-compose.yml", "config"], { cwd: root, encoding: "utf8" });
    expect(done.stderr).not.toMatch(/error|invalid/i);
    expect(done.status).toBe(0);
    expect(done.stdout).toContain("appendfsync");
  });
});

describe("Caddyfile", () => {
  it("speaks TLS 1.3 and nothing older", () => {
    expect(text("Caddyfile")).toMatch(/protocols tls1\.3\n/);
  });
});

describe(".env.example", () => {
  it("lists every setting that the process reads, and no other", () => {
    const names = (source: string, pattern: RegExp) => [...source.matchAll(pattern)].map((match) => match[1]);
    const read = names(text("apps/core/platform/config.ts"), /^ {2}([A-Z_]+): /gm);
    const [settings = ""] = text(".env.example").split("# docker-compose.yml only");
    expect(read.length).toBeGreaterThan(10);
    expect(names(settings, /^([A-Z_]+)=/gm)).toEqual(read);
  });
});
