# syntax=docker/dockerfile:1
# One image for all services:  docker build -t yijie .   docker run yijie serve settlement
# Pin the base by digest in a release: --build-arg PYTHON_IMAGE=python:3.11-slim@sha256:…
ARG PYTHON_IMAGE=python:3.11-slim

# The wheel, with the locked build tools and without a network of its own.
FROM ${PYTHON_IMAGE} AS wheel
WORKDIR /src
COPY requirements/build.lock requirements/build.lock
RUN pip install --no-cache-dir --require-hashes -r requirements/build.lock
COPY pyproject.toml README.md ./
COPY services services
RUN python -m build --wheel --no-isolation --outdir /wheel

# The environment, in a layer order that keeps the dependencies when only our code changes.
FROM ${PYTHON_IMAGE} AS environment
RUN python -m venv /opt/yijie
COPY requirements/run.lock /tmp/run.lock
RUN /opt/yijie/bin/pip install --no-cache-dir --require-hashes -r /tmp/run.lock
COPY --from=wheel /wheel /tmp/wheel
RUN /opt/yijie/bin/pip install --no-cache-dir --no-deps /tmp/wheel/*.whl \
    && /opt/yijie/bin/pip check \
    && /opt/yijie/bin/pip uninstall --yes pip

FROM ${PYTHON_IMAGE}
# The same ids as in charts/grpc-service; a number, so that runAsNonRoot can be checked.
RUN groupadd --gid 10001 yijie \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin yijie
COPY --from=environment /opt/yijie /opt/yijie
ENV PATH=/opt/yijie/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 50051 9464
# No HEALTHCHECK: Kubernetes asks by gRPC, and a second judge would only disagree with it.
STOPSIGNAL SIGTERM
ENTRYPOINT ["yijie"]
CMD ["--help"]
