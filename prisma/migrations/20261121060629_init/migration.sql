-- CreateTable
CREATE TABLE "workspace" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "settings" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "workspace_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_key" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "channel_account" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "channel" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'active',
    "playground" BOOLEAN NOT NULL DEFAULT false,
    "settings" BYTEA NOT NULL,
    "cursor" BYTEA,
    "lease_holder" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "last_inbound_at" TIMESTAMPTZ(3),
    "trouble" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "channel_account_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "adapter_state" (
    "workspace_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "name_key" BYTEA NOT NULL,
    "value" BYTEA NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "adapter_state_pkey" PRIMARY KEY ("workspace_id","account_id","name_key")
);

-- CreateTable
CREATE TABLE "thread" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "channel" TEXT NOT NULL,
    "audience" TEXT NOT NULL,
    "owner_id" UUID NOT NULL,
    "address" BYTEA NOT NULL,
    "last_seq" INTEGER NOT NULL DEFAULT 0,
    "last_inbound_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "thread_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "thread_alias" (
    "workspace_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "alias_key" BYTEA NOT NULL,
    "thread_id" UUID NOT NULL,

    CONSTRAINT "thread_alias_pkey" PRIMARY KEY ("workspace_id","account_id","alias_key")
);

-- CreateTable
CREATE TABLE "thread_cursor" (
    "workspace_id" UUID NOT NULL,
    "thread_id" UUID NOT NULL,
    "processed_seq" INTEGER NOT NULL DEFAULT 0,
    "owed_seq" INTEGER NOT NULL DEFAULT 0,
    "answered_seq" INTEGER NOT NULL DEFAULT 0,
    "out_seq" INTEGER NOT NULL DEFAULT 0,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "thread_cursor_pkey" PRIMARY KEY ("workspace_id","thread_id")
);

-- CreateTable
CREATE TABLE "receipt" (
    "workspace_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "event_key" BYTEA NOT NULL,
    "message_id" UUID,
    "received_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "receipt_pkey" PRIMARY KEY ("workspace_id","account_id","event_key")
);

-- CreateTable
CREATE TABLE "message" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "thread_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "out_seq" INTEGER NOT NULL DEFAULT 0,
    "identifier_id" UUID NOT NULL,
    "direction" TEXT NOT NULL,
    "author" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "owed" BOOLEAN NOT NULL DEFAULT false,
    "body" BYTEA NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "message_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "outbox" (
    "workspace_id" UUID NOT NULL,
    "message_id" UUID NOT NULL,
    "thread_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "out_seq" INTEGER NOT NULL,
    "state" TEXT NOT NULL,
    "conversation_id" UUID,
    "based_on_seq" INTEGER,
    "answers_after" INTEGER,
    "profile_id" UUID,
    "epoch" INTEGER,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "sending_until" TIMESTAMPTZ(3),
    "claim" UUID,
    "provider_key" BYTEA,
    "provider_id" BYTEA,
    "error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "settled_at" TIMESTAMPTZ(3),

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("workspace_id","message_id")
);

-- CreateTable
CREATE TABLE "early_status" (
    "workspace_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "provider_key" BYTEA NOT NULL,
    "status" TEXT NOT NULL,
    "error" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "early_status_pkey" PRIMARY KEY ("workspace_id","account_id","provider_key","status")
);

-- CreateTable
CREATE TABLE "due" (
    "workspace_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "rings" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "due_pkey" PRIMARY KEY ("workspace_id","kind","id")
);

-- CreateTable
CREATE TABLE "parked" (
    "workspace_id" UUID NOT NULL,
    "message_id" UUID NOT NULL,
    "thread_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "error" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL,
    "parked_at" TIMESTAMPTZ(3) NOT NULL,
    "replayed_at" TIMESTAMPTZ(3),

    CONSTRAINT "parked_pkey" PRIMARY KEY ("workspace_id","message_id")
);

-- CreateTable
CREATE TABLE "identifier" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "value_key" BYTEA NOT NULL,
    "value" BYTEA NOT NULL,
    "profile_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "identifier_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "evidence" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "account_id" UUID,
    "source" TEXT NOT NULL,
    "subject_id" UUID NOT NULL,
    "attributes" BYTEA,
    "first_seen" TIMESTAMPTZ(3) NOT NULL,
    "last_seen" TIMESTAMPTZ(3) NOT NULL,
    "count" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "evidence_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "evidence_identifier" (
    "workspace_id" UUID NOT NULL,
    "evidence_id" UUID NOT NULL,
    "identifier_id" UUID NOT NULL,
    "assurance" SMALLINT NOT NULL,

    CONSTRAINT "evidence_identifier_pkey" PRIMARY KEY ("workspace_id","evidence_id","identifier_id")
);

-- CreateTable
CREATE TABLE "decision" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "a_id" UUID NOT NULL,
    "b_id" UUID NOT NULL,
    "decided_by" TEXT NOT NULL,
    "decided_at" TIMESTAMPTZ(3) NOT NULL,
    "retracted_at" TIMESTAMPTZ(3),

    CONSTRAINT "decision_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "profile" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "conflicts" INTEGER NOT NULL DEFAULT 0,
    "epoch" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "profile_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "merge" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "cause" TEXT NOT NULL,
    "survivor_id" UUID NOT NULL,
    "absorbed_id" UUID NOT NULL,
    "decision_id" UUID,
    "reason" BYTEA,
    "merged_by" TEXT NOT NULL,
    "merged_at" TIMESTAMPTZ(3) NOT NULL,
    "undone_at" TIMESTAMPTZ(3),

    CONSTRAINT "merge_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "review" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "reason" TEXT NOT NULL,
    "a_id" UUID NOT NULL,
    "b_id" UUID NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "review_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "link_code" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "code_key" BYTEA NOT NULL,
    "inviter_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "presented_by" UUID,
    "thread_id" UUID,
    "presented_at" TIMESTAMPTZ(3),
    "outcome" TEXT,

    CONSTRAINT "link_code_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "conversation" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "profile_id" UUID NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'open',
    "handled_by" TEXT NOT NULL DEFAULT 'bot',
    "assignee" TEXT,
    "intent" TEXT,
    "state" BYTEA,
    "state_key_id" UUID,
    "snoozed_until" TIMESTAMPTZ(3),
    "lease_token" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "last_activity_at" TIMESTAMPTZ(3) NOT NULL,
    "resolved_at" TIMESTAMPTZ(3),

    CONSTRAINT "conversation_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "segment" (
    "workspace_id" UUID NOT NULL,
    "conversation_id" UUID NOT NULL,
    "thread_id" UUID NOT NULL,
    "identifier_id" UUID NOT NULL,
    "from_seq" INTEGER NOT NULL,
    "to_seq" INTEGER,

    CONSTRAINT "segment_pkey" PRIMARY KEY ("workspace_id","thread_id","identifier_id","from_seq")
);

-- CreateTable
CREATE TABLE "idempotency_key" (
    "workspace_id" UUID NOT NULL,
    "api_key_id" UUID NOT NULL,
    "name_key" BYTEA NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "status" INTEGER,
    "response" BYTEA,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("workspace_id","api_key_id","name_key")
);

-- CreateTable
CREATE TABLE "demo_order" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "identifier_id" UUID NOT NULL,
    "sku" TEXT NOT NULL,
    "placed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "demo_order_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateIndex
CREATE INDEX "api_key_hash_idx" ON "api_key"("hash");

-- CreateIndex
CREATE INDEX "channel_account_id_idx" ON "channel_account"("id");

-- CreateIndex
CREATE INDEX "adapter_state_expires_at_idx" ON "adapter_state"("expires_at");

-- CreateIndex
CREATE INDEX "thread_workspace_id_owner_id_idx" ON "thread"("workspace_id", "owner_id");

-- CreateIndex
CREATE INDEX "thread_alias_workspace_id_thread_id_idx" ON "thread_alias"("workspace_id", "thread_id");

-- CreateIndex
CREATE INDEX "message_workspace_id_identifier_id_received_at_id_idx" ON "message"("workspace_id", "identifier_id", "received_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "message_workspace_id_thread_id_seq_out_seq_key" ON "message"("workspace_id", "thread_id", "seq", "out_seq");

-- CreateIndex
CREATE INDEX "outbox_workspace_id_account_id_provider_key_idx" ON "outbox"("workspace_id", "account_id", "provider_key");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_workspace_id_thread_id_out_seq_key" ON "outbox"("workspace_id", "thread_id", "out_seq");

-- CreateIndex
CREATE INDEX "due_due_at_idx" ON "due"("due_at");

-- CreateIndex
CREATE INDEX "parked_workspace_id_parked_at_idx" ON "parked"("workspace_id", "parked_at");

-- CreateIndex
CREATE INDEX "identifier_workspace_id_profile_id_idx" ON "identifier"("workspace_id", "profile_id");

-- CreateIndex
CREATE UNIQUE INDEX "identifier_workspace_id_value_key_key" ON "identifier"("workspace_id", "value_key");

-- CreateIndex
CREATE UNIQUE INDEX "evidence_workspace_id_fingerprint_key" ON "evidence"("workspace_id", "fingerprint");

-- CreateIndex
CREATE INDEX "evidence_identifier_workspace_id_identifier_id_idx" ON "evidence_identifier"("workspace_id", "identifier_id");

-- CreateIndex
CREATE INDEX "decision_workspace_id_a_id_idx" ON "decision"("workspace_id", "a_id");

-- CreateIndex
CREATE INDEX "decision_workspace_id_b_id_idx" ON "decision"("workspace_id", "b_id");

-- CreateIndex
CREATE INDEX "merge_workspace_id_survivor_id_idx" ON "merge"("workspace_id", "survivor_id");

-- CreateIndex
CREATE INDEX "merge_workspace_id_absorbed_id_idx" ON "merge"("workspace_id", "absorbed_id");

-- CreateIndex
CREATE UNIQUE INDEX "review_workspace_id_reason_a_id_b_id_key" ON "review"("workspace_id", "reason", "a_id", "b_id");

-- CreateIndex
CREATE INDEX "link_code_workspace_id_thread_id_idx" ON "link_code"("workspace_id", "thread_id");

-- CreateIndex
CREATE UNIQUE INDEX "link_code_workspace_id_code_key_key" ON "link_code"("workspace_id", "code_key");

-- CreateIndex
CREATE INDEX "conversation_workspace_id_profile_id_idx" ON "conversation"("workspace_id", "profile_id");

-- CreateIndex
CREATE INDEX "segment_workspace_id_conversation_id_idx" ON "segment"("workspace_id", "conversation_id");

-- CreateIndex
CREATE INDEX "idempotency_key_expires_at_idx" ON "idempotency_key"("expires_at");

-- CreateIndex
CREATE INDEX "demo_order_workspace_id_identifier_id_idx" ON "demo_order"("workspace_id", "identifier_id");

-- AddForeignKey
ALTER TABLE "thread_alias" ADD CONSTRAINT "thread_alias_workspace_id_thread_id_fkey" FOREIGN KEY ("workspace_id", "thread_id") REFERENCES "thread"("workspace_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "thread_cursor" ADD CONSTRAINT "thread_cursor_workspace_id_thread_id_fkey" FOREIGN KEY ("workspace_id", "thread_id") REFERENCES "thread"("workspace_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "message" ADD CONSTRAINT "message_workspace_id_thread_id_fkey" FOREIGN KEY ("workspace_id", "thread_id") REFERENCES "thread"("workspace_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "evidence_identifier" ADD CONSTRAINT "evidence_identifier_workspace_id_evidence_id_fkey" FOREIGN KEY ("workspace_id", "evidence_id") REFERENCES "evidence"("workspace_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "evidence_identifier" ADD CONSTRAINT "evidence_identifier_workspace_id_identifier_id_fkey" FOREIGN KEY ("workspace_id", "identifier_id") REFERENCES "identifier"("workspace_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "segment" ADD CONSTRAINT "segment_workspace_id_conversation_id_fkey" FOREIGN KEY ("workspace_id", "conversation_id") REFERENCES "conversation"("workspace_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
