-- CreateTable
CREATE TABLE "account_tally" (
    "workspace_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "sent" INTEGER NOT NULL,
    "failed" INTEGER NOT NULL,
    "unknown" INTEGER NOT NULL,
    "later" INTEGER NOT NULL,
    "last_sent_at" TIMESTAMPTZ(3),

    CONSTRAINT "account_tally_pkey" PRIMARY KEY ("workspace_id","account_id","hour")
);

-- CreateTable
CREATE TABLE "account_notice" (
    "workspace_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "topic" TEXT NOT NULL,
    "level" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "account_notice_pkey" PRIMARY KEY ("workspace_id","account_id","topic")
);

-- CreateTable
CREATE TABLE "account_health" (
    "workspace_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'ok',
    "findings" JSONB NOT NULL DEFAULT '[]',
    "checked_at" TIMESTAMPTZ(3),
    "next_check_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "account_health_pkey" PRIMARY KEY ("workspace_id","account_id")
);

-- CreateIndex
CREATE INDEX "account_health_next_check_at_idx" ON "account_health"("next_check_at");
