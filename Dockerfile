# syntax=docker/dockerfile:1
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
# Prisma's client and the widget are built with development packages, which the image then drops.
RUN node scripts/setup.ts && npm prune --omit=dev --ignore-scripts

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /app
COPY --from=build /app ./
RUN mkdir -p /data/media && chown -R node:node /data
USER node
EXPOSE 3000
# Node itself is the process that is told to stop, so that it drains.
ENTRYPOINT ["node", "apps/main.ts"]
