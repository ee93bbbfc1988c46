# One image for both uses: a participant's `docker run` and the scoring run of a competition.
#
#   docker build -t lvos-eval .                             for people: an unprivileged user
#   docker build -t lvos-eval:platform --target platform .  for Codabench and CodaLab: the same layers, user 0 (see below)

ARG BASE_IMAGE=python:3.12-slim-bookworm

FROM ${BASE_IMAGE} AS packages
COPY requirements.lock container/slim.sh /build/
# the environment has no pip of its own; only wheels are taken, so that no compiler is needed
RUN python3 -m venv --without-pip /opt/lvos-eval \
 && python3 -m pip --python /opt/lvos-eval/bin/python3 install \
        --no-cache-dir --no-compile --disable-pip-version-check --root-user-action=ignore \
        --only-binary :all: --require-hashes --requirement /build/requirements.lock \
 && sh /build/slim.sh /opt/lvos-eval


FROM ${BASE_IMAGE} AS platform
ARG VERSION=0
LABEL org.opencontainers.image.title="lvos-eval" \
      org.opencontainers.image.description="Checks and scores submissions to LVOS video-object-segmentation challenges" \
      org.opencontainers.image.licenses="BSD-3-Clause" \
      org.opencontainers.image.version="${VERSION}"
# BLAS threads are never used, but would be started for every core of the host, times the number of worker processes.
# A folder that is mounted may be a submission: no Python of this image looks for modules in the folder that it is started from
ENV PATH=/opt/lvos-eval/bin:${PATH} \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OPENBLAS_NUM_THREADS=1
COPY --from=packages /opt/lvos-eval /opt/lvos-eval
COPY scoring_program /opt/lvos-eval/program
COPY container/lvos-eval /opt/lvos-eval/bin/lvos-eval
WORKDIR /data
ENTRYPOINT ["lvos-eval"]
# Codabench makes the output folder as root, writable for root alone, drops the capabilities and names no user: a run as
# anybody else could not write its scores. This stage therefore keeps user 0; the one below is the default.


FROM platform AS participant
USER 10001:10001
