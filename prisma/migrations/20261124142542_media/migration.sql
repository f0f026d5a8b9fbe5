-- CreateTable
CREATE TABLE "media" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "message_id" UUID,
    "key_id" UUID NOT NULL,
    "account_id" UUID,
    "role" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "mime" TEXT,
    "size" INTEGER,
    "details" BYTEA NOT NULL,
    "error" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "held_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "stored_at" TIMESTAMPTZ(3),

    CONSTRAINT "media_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateIndex
CREATE INDEX "media_workspace_id_message_id_idx" ON "media"("workspace_id", "message_id");

-- CreateIndex
CREATE INDEX "media_id_idx" ON "media"("id");

-- CreateIndex
CREATE INDEX "media_unsent" ON "media"("created_at") WHERE (message_id IS NULL);

-- AddForeignKey
ALTER TABLE "media" ADD CONSTRAINT "media_workspace_id_message_id_fkey" FOREIGN KEY ("workspace_id", "message_id") REFERENCES "message"("workspace_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
