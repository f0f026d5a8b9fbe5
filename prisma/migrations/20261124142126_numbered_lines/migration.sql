-- AlterTable
ALTER TABLE "thread_cursor" ADD COLUMN     "numbered_seq" INTEGER NOT NULL DEFAULT 0;
