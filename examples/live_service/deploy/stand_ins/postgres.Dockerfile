# In the place of docker.io/library/postgres: Debian's, with as much of that image's
# interface as compose.yaml uses. `scripts/test --containers` builds it.
FROM docker.io/library/debian:bookworm-slim
RUN useradd -r -u 999 -d /var/lib/postgresql postgres && \
    apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y \
    --no-install-recommends postgresql-15 && rm -rf /var/lib/apt/lists/* && \
    install -d -o 999 -g 999 -m 1777 /var/lib/postgresql/data
ENV PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/var/lib/postgresql/data
COPY examples/live_service/deploy/stand_ins/postgres.sh /usr/local/bin/
ENTRYPOINT ["/usr/local/bin/postgres.sh"]
