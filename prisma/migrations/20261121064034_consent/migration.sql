-- AlterTable
ALTER TABLE "thread_cursor" ADD COLUMN     "opted_out" BOOLEAN NOT NULL DEFAULT false;
