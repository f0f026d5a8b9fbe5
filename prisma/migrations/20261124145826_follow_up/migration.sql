-- AlterTable
ALTER TABLE "thread_cursor" ADD COLUMN     "follow_up" TEXT,
ADD COLUMN     "followed_seq" INTEGER NOT NULL DEFAULT 0;
