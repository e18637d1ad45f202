# CUDA:  docker build --tag brain-tumor .
# CPU:   docker build --tag brain-tumor --build-arg INDEX=ADDRESS .     (several GB less)
# Use:   docker run --rm --volume "$PWD":/work brain-tumor train experiment=demo     (CUDA: --gpus all)
FROM python:3.11-slim

# Where PyTorch's wheels for CPUs are: the address that its page "Get started" shows. Empty, pip's
# own index counts, whose wheels bring CUDA.
ARG INDEX=

# OpenCV wants these two, in whatever version the base image has.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home scans

WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY brain_tumor brain_tumor
COPY conf conf
RUN pip install --no-cache-dir --constraint constraints.txt ${INDEX:+--extra-index-url "$INDEX"} \
    ".[dicom,volumes,export]"

# No root: what it writes to the volume belongs to the first user of most machines.
USER 1000
WORKDIR /work
ENTRYPOINT ["brain-tumor"]
