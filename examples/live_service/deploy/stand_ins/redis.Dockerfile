# In the place of docker.io/library/redis: Debian's. `scripts/test --containers` builds
# it.
FROM docker.io/library/debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends redis-server && \
    rm -rf /var/lib/apt/lists/*
WORKDIR /data
CMD ["redis-server"]
