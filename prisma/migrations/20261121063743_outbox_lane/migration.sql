-- CreateIndex
CREATE INDEX "outbox_lane" ON "outbox"("workspace_id", "thread_id", "out_seq") WHERE (state = ANY (ARRAY['pending'::text, 'sending'::text]));
