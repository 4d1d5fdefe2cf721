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

# What the code runs on: the locked environment, the interpreter, and the libraries that they link to.
# A layer of its own, which stays as it is while only our code changes.
FROM ${PYTHON_IMAGE} AS environment
RUN python -m venv /opt/yijie
COPY requirements/run.lock /tmp/run.lock
RUN /opt/yijie/bin/pip install --no-cache-dir --require-hashes -r /tmp/run.lock \
    && /opt/yijie/bin/pip check \
    && /opt/yijie/bin/pip uninstall --yes pip
COPY services/cli/image_root.py /tmp/image_root.py
RUN /opt/yijie/bin/python /tmp/image_root.py /image /opt/yijie

FROM ${PYTHON_IMAGE} AS code
RUN python -m venv /opt/yijie
COPY --from=wheel /wheel /tmp/wheel
RUN /opt/yijie/bin/pip install --no-cache-dir --no-deps --target /opt/code /tmp/wheel/*.whl

# No shell, no package manager, no tools: whoever breaks into the process finds nothing to go on with.
# So nothing here may need a shell either: no RUN, and every command is a list.
FROM scratch
COPY --from=environment /image /
COPY --from=code /opt/code /opt/code
ENV PATH=/opt/code/bin:/opt/yijie/bin \
    PYTHONPATH=/opt/code \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    LANG=C.UTF-8 \
    HOME=/tmp \
    USER=yijie \
    YIJIE_PROBE_LISTEN=0.0.0.0:50052
# The same ids as in charts/grpc-service; a number, so that runAsNonRoot can be checked.
USER 10001:10001
WORKDIR /tmp
EXPOSE 50051 50052 9464
# For engines that ask this way; Kubernetes asks the same port itself, by gRPC.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 CMD ["yijie", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["yijie"]
CMD ["--help"]
