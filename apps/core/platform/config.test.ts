import { describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";
import { StartError } from "./start-error.ts";

describe("the configuration", () => {
  it("of an empty environment is the embedded one, on this machine alone", () => {
    expect(readConfig({})).toMatchObject({ host: "127.0.0.1", port: 3000, playground: "auto", dataDir: "./data" });
    expect(readConfig({}).databaseUrl).toBeUndefined();
    expect(readConfig({ DATABASE_URL: " ", REDIS_URL: "" }).databaseUrl).toBeUndefined();
  });

  it("puts the key store beside the database, unless another is named", () => {
    const DATABASE_URL = "postgres://u:p@db:5432/hub?sslmode=require";
    expect(readConfig({ DATABASE_URL }).keystoreUrl).toBe("postgres://u:p@db:5432/hub_keys?sslmode=require");
    expect(readConfig({ DATABASE_URL, KEYSTORE_URL: "postgres://k/keys" }).keystoreUrl).toBe("postgres://k/keys");
  });

  it("keeps files in a bucket only where one is named, and takes a key with its secret only", () => {
    expect(readConfig({ S3_ENDPOINT: "https://minio.example" }).s3).toBeUndefined();
    expect(readConfig({ S3_BUCKET: "files" }).s3).toEqual({
      bucket: "files",
      endpoint: undefined,
      region: "us-east-1",
      credentials: undefined,
    });
    expect(() => readConfig({ S3_BUCKET: "files", S3_ACCESS_KEY_ID: "a" })).toThrow(/^S3_ACCESS_KEY_ID and/);
  });

  it("takes the slash from the end of the public address", () => {
    expect(readConfig({ PUBLIC_URL: "https://hub.example/" }).publicUrl).toBe("https://hub.example");
  });

  it.each([
    ["PORT", "70000"],
    ["PORT", "http"],
    ["DATABASE_URL", "mysql://x/y"],
    ["REDIS_URL", "localhost"],
    ["PUBLIC_URL", "hub.example"],
    ["PLAYGROUND", "yes"],
    ["TRUST_PROXY", "-1"],
    ["POOL_SIZE", "1"],
    ["LOG_LEVEL", "loud"],
    ["SWEEP_MS", "1.5"],
    ["MEDIA_MAX_BYTES", "10"],
    ["S3_ENDPOINT", "minio:9000"],
  ])("refuses %s=%s, naming it", (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(StartError);
    expect(() => readConfig({ [name]: value })).toThrow(new RegExp(`^${name}: `));
  });
});
