-- AlterTable
ALTER TABLE "outbox" ADD COLUMN     "held" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "pace" (
    "workspace_id" UUID NOT NULL,
    "scope_id" UUID NOT NULL,
    "used_until" TIMESTAMPTZ(3) NOT NULL,
    "line_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "pace_pkey" PRIMARY KEY ("workspace_id","scope_id")
);

-- CreateTable
CREATE TABLE "account_gate" (
    "workspace_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "held_until" TIMESTAMPTZ(3),
    "failures" INTEGER NOT NULL DEFAULT 0,
    "open_until" TIMESTAMPTZ(3),
    "probe_until" TIMESTAMPTZ(3),
    "openings" INTEGER NOT NULL DEFAULT 0,
    "opened_at" TIMESTAMPTZ(3),
    "cause" TEXT,
    "reason" TEXT,

    CONSTRAINT "account_gate_pkey" PRIMARY KEY ("workspace_id","account_id")
);

-- CreateIndex
CREATE INDEX "outbox_held" ON "outbox"("workspace_id", "account_id") WHERE (held);
