# Tidewaiter. docker-compose.yml starts its service beside Neo4j; any other command runs in it, too.
FROM python:3.13-slim-bookworm AS build
WORKDIR /build
COPY requirements requirements
RUN python -m pip install --no-cache-dir --require-hashes --requirement requirements/build.txt \
    && python -m venv --without-pip /opt/tidewaiter
ENV VIRTUAL_ENV=/opt/tidewaiter UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1
RUN uv pip install --require-hashes --requirement requirements/base.txt
# The build of torch without CUDA is a tenth of the size. It is another file than the one locked, so that only its
# version can be held.
RUN sed -n 's/^\([a-z0-9.-]*==[^ ]*\) .*/\1/p' requirements/*.txt > versions.txt \
    && uv pip install --torch-backend=cpu --constraints versions.txt torch
COPY pyproject.toml README.md LICENSE ./
COPY graph graph
COPY ingest ingest
COPY gnn gnn
COPY targeting targeting
COPY api api
RUN python -m hatchling build --target wheel \
    && uv pip install --no-deps dist/*.whl

FROM python:3.13-slim-bookworm
# The newest is wanted: Debian's mirrors keep no older one that a version could name.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home tidewaiter \
    && install --directory --owner tidewaiter /data
COPY --from=build /opt/tidewaiter /opt/tidewaiter
ENV PATH=/opt/tidewaiter/bin:$PATH
USER 10001
WORKDIR /data
ENTRYPOINT ["tidewaiter"]
