#!/bin/sh
# Runs the given program with what only a running container can tell: its own address,
# and a password that is in a file.
#
#   INSTANCE_PORT         where it listens; INSTANCE_URL is then made of it
#   REDIS_PASSWORD_FILE   with REDIS_HOST; REDIS_URL is then made of both
set -eu
if [ -n "${INSTANCE_PORT:-}" ]; then
  INSTANCE_URL="http://$(hostname -i | cut -d ' ' -f 1):$INSTANCE_PORT"
  export INSTANCE_URL
fi
if [ -n "${REDIS_PASSWORD_FILE:-}" ]; then
  REDIS_URL="redis://:$(cat "$REDIS_PASSWORD_FILE")@$REDIS_HOST"
  export REDIS_URL
fi
exec "$@"
