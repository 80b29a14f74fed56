# syntax=docker/dockerfile:1
# docker build -t auditor --build-arg VERSION=0.1.0 --build-arg REVISION="$(git rev-parse HEAD)" .
# docker run --rm --read-only -v "$PWD:/work" -e AZURE_TENANT_ID -e AZURE_CLIENT_ID -e AZURE_CLIENT_SECRET auditor scan

FROM python:3.12-slim-bookworm AS build
WORKDIR /source
COPY pyproject.toml README.md constraints.txt ./
COPY auditor auditor
COPY rules rules
COPY frameworks frameworks
COPY fixtures/demo fixtures/demo
RUN python -m venv /opt/auditor \
    && /opt/auditor/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-compile \
       --constraint constraints.txt . \
    && /opt/auditor/bin/python -m pip uninstall --yes pip

FROM python:3.12-slim-bookworm
ARG VERSION=dev
ARG REVISION=
# https://github.com/opencontainers/image-spec/blob/main/annotations.md
LABEL org.opencontainers.image.title="auditor" \
      org.opencontainers.image.description="Audits the security posture of Azure: collects what exists, relates it, judges it, reports it" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/python:3.12-slim-bookworm"
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin auditor
COPY --from=build /opt/auditor /opt/auditor
# Nothing is written but what a command is told to write: the file system can be read-only.
ENV PATH="/opt/auditor/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /work
USER 10001
ENTRYPOINT ["auditor"]
CMD ["--help"]
