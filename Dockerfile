# bo-sync with the extra `sandbox`, and the git that it asks about revisions. The base image is pinned by its digest, what
# pip installs by version and hash (image/README.md tells how both are renewed, and what nobody has checked); git is
# Debian's of the day. `make image-check` builds it.
FROM python:3.13.15-slim-trixie@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY image/requirements.txt image/build-requirements.txt ./
RUN python -m venv /opt/build && /opt/build/bin/python -m pip install --quiet --require-hashes -r build-requirements.txt
RUN python -m venv /opt/bo-sync && /opt/bo-sync/bin/python -m pip install --quiet --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN /opt/build/bin/hatchling build -t wheel -d dist
RUN /opt/bo-sync/bin/python -m pip install --quiet --no-deps --no-index dist/*.whl
RUN /opt/bo-sync/bin/python -m pip uninstall --quiet --yes pip

FROM python:3.13.15-slim-trixie@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
RUN apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/bo-sync /opt/bo-sync
ENV PATH=/opt/bo-sync/bin:$PATH PYTHONDONTWRITEBYTECODE=1
# The repository is mounted here, and belongs to whoever mounts it.
RUN git config --system --add safe.directory /work
WORKDIR /work
USER 10001:10001
ENTRYPOINT ["bo-sync"]
